#include "actors/workflow/postgres/failure.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <string_view>

namespace troupe::workflow::postgres {
namespace {

struct meaning {
  /// A code, or the two letters of a class of codes.
  std::string_view sqlstate;
  workflow_errc code;
  failure::remedy helps;
  const char* remedy;
};

/// The first that fits counts. https://www.postgresql.org/docs/current/errcodes-appendix.html
constexpr std::array meanings{
    meaning{"40001", workflow_errc::store_busy, failure::remedy::again,
            "other sessions keep changing the same rows; try again"},
    meaning{"40P01", workflow_errc::store_busy, failure::remedy::again,
            "other sessions keep locking the same rows; try again"},
    meaning{"55P03", workflow_errc::store_busy, failure::remedy::none,
            "another session holds a lock; wait for it, or end it (pg_stat_activity shows it)"},
    meaning{"57014", workflow_errc::store_busy, failure::remedy::none,
            "the server took too long; look what it is busy with (pg_stat_activity)"},
    meaning{"53100", workflow_errc::store_full, failure::remedy::none,
            "free space on the server's disk, then resume the runs"},
    meaning{"53300", workflow_errc::store_unavailable, failure::remedy::reconnect,
            "end other sessions, or raise the server's max_connections"},
    meaning{"25006", workflow_errc::store_unavailable, failure::remedy::none,
            "it may only be read there: is it a standby? name the primary server"},
    meaning{"42501", workflow_errc::store_unavailable, failure::remedy::none,
            "the user lacks a right: GRANT CREATE ON DATABASE for the first use, or make the "
            "schema and its tables belong to the user"},
    meaning{"42P01", workflow_errc::store_damaged, failure::remedy::none,
            "a table is gone; restore the schema from a backup"},
    meaning{"42703", workflow_errc::store_damaged, failure::remedy::none,
            "a column is gone; restore the schema from a backup"},
    meaning{"3F000", workflow_errc::store_damaged, failure::remedy::none,
            "the schema is gone; restore it from a backup"},
    meaning{"XX001", workflow_errc::store_damaged, failure::remedy::none,
            "restore the database from a backup"},
    meaning{"XX002", workflow_errc::store_damaged, failure::remedy::none,
            "an index is damaged; REINDEX it, or restore the database from a backup"},
    meaning{"25P03", workflow_errc::store_unavailable, failure::remedy::reconnect, "try again"},
    meaning{"57P", workflow_errc::store_unavailable, failure::remedy::reconnect,
            "wait until the server runs again, then resume the runs"},
    meaning{"08", workflow_errc::store_unavailable, failure::remedy::reconnect,
            "check the network and the server, then resume the runs"},
    meaning{"28", workflow_errc::store_unavailable, failure::remedy::none,
            "check user and password (PGPASSWORD, ~/.pgpass)"},
    meaning{"3D", workflow_errc::store_unavailable, failure::remedy::none,
            "make the database (createdb), or name another one"},
};

constexpr meaning otherwise{"", workflow_errc::store_io, failure::remedy::none,
                            "look into the server's log, then resume the runs"};

const meaning& meaning_of(std::string_view sqlstate) {
  const auto found = std::find_if(meanings.begin(), meanings.end(), [&](const meaning& each) {
    return sqlstate.starts_with(each.sqlstate);
  });
  return found == meanings.end() ? otherwise : *found;
}

/// One line, without the words that every message has.
std::string plain(std::string message) {
  for (const std::string_view prefix : {"ERROR:", "FATAL:"})
    if (message.starts_with(prefix))
      message.erase(0, std::min(message.find_first_not_of(' ', prefix.size()), message.size()));
  while (!message.empty() && message.back() == '\n')
    message.pop_back();
  std::replace(message.begin(), message.end(), '\n', ' ');
  return message;
}

} // namespace

failure failure_of(const std::string& sqlstate, const std::string& message, const endpoint& at) {
  const meaning& what = meaning_of(sqlstate);
  const std::string code = sqlstate.empty() ? "" : fmt::format(" (SQLSTATE {})", sqlstate);
  return {{what.code,
           fmt::format("{}: {}{}; {}", at.shown(), plain(at.redact(message)), code, what.remedy)},
          what.helps,
          sqlstate};
}

failure lost_connection(const std::string& message, const endpoint& at) {
  return {{workflow_errc::store_unavailable,
           fmt::format("{}: {}; check that the server runs, and that host, port, database, user "
                       "and password (PGPASSWORD, ~/.pgpass) are right",
                       at.shown(), plain(at.redact(message)))},
          failure::remedy::reconnect};
}

} // namespace troupe::workflow::postgres
