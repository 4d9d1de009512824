#include "actors/workflow/postgres/session.hpp"

#include <algorithm>
#include <cstdlib>
#include <fmt/format.h>
#include <pqxx/binarystring>
#include <pqxx/except>
#include <pqxx/prepared_statement>

namespace troupe::workflow::postgres {
namespace {

constexpr std::int64_t oldest_server = 130'000;

/// A transaction that its client left open ends after so long, and with it its locks: before others, or its client on a new
/// connection, give up waiting for them.
std::chrono::milliseconds idle_in_transaction(const session_options& options) {
  return std::max(std::chrono::milliseconds{1'000}, options.lock_timeout / 2);
}

result<std::unique_ptr<pqxx::connection>> open(const endpoint& at) {
  try {
    auto made = std::make_unique<pqxx::connection>(at.connection_string());
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
    made->inhibit_reactivation(true); // this version's default; the next one has none
#pragma GCC diagnostic pop
    return made;
  } catch (const std::exception& thrown) {
    return tl::unexpected(lost_connection(thrown.what(), at).why);
  }
}

/// All that the settings of a server, a database or a user could have otherwise.
std::string settings(const endpoint& at, const session_options& options) {
  return fmt::format(
      "SET search_path = \"{}\"; SET standard_conforming_strings = on; SET bytea_output = hex; "
      "SET default_transaction_isolation = 'read committed'; "
      "SET default_transaction_read_only = {}; SET default_transaction_deferrable = off; "
      "SET lock_timeout = {}; SET statement_timeout = {}; "
      "SET idle_in_transaction_session_timeout = {}; "
      "SELECT set_config('synchronous_commit', CASE current_setting('synchronous_commit') "
      "WHEN 'remote_apply' THEN 'remote_apply' ELSE 'on' END, false)",
      at.schema(), options.read_only ? "on" : "off", options.lock_timeout.count(),
      options.statement_timeout.count(), idle_in_transaction(options).count());
}

template <class Thrown>
bool is(const std::exception& thrown) {
  return dynamic_cast<const Thrown*>(&thrown) != nullptr;
}

/// The server's code: this version of the library has it for some exceptions, and types for others.
std::string sqlstate_of(const std::exception& thrown) {
  const auto* told = dynamic_cast<const pqxx::sql_error*>(&thrown);
  if (told && !told->sqlstate().empty()) return told->sqlstate();
  if (is<pqxx::unique_violation>(thrown)) return "23505";
  if (is<pqxx::serialization_failure>(thrown)) return "40001";
  if (is<pqxx::deadlock_detected>(thrown)) return "40P01";
  if (is<pqxx::insufficient_privilege>(thrown)) return "42501";
  if (is<pqxx::undefined_column>(thrown)) return "42703";
  if (is<pqxx::undefined_table>(thrown)) return "42P01";
  if (is<pqxx::disk_full>(thrown)) return "53100";
  return "";
}

constexpr const char* server_query =
    "SELECT current_setting('server_version_num')::bigint, current_setting('server_version'), "
    "current_setting('fsync'), current_setting('full_page_writes'), pg_is_in_recovery()::int";

} // namespace

session::session(const endpoint& at, std::unique_ptr<pqxx::connection> connection)
    : at_(at), connection_(std::move(connection)),
      quiet_(std::make_unique<pqxx::quiet_errorhandler>(*connection_)),
      sender_(std::make_unique<pqxx::nontransaction>(*connection_)) {}

outcome<session> session::connect(const endpoint& at, const session_options& options) {
  auto opened = open(at);
  if (!opened) return tl::unexpected<failure>{failure{opened.error(), failure::remedy::reconnect}};
  session made{at, std::move(*opened)};
  if (auto ready = made.check_server(options); !ready) return tl::unexpected(ready.error());
  if (auto ready = made.set_up(options); !ready) return tl::unexpected(ready.error());
  return made;
}

outcome<void> session::set_up(const session_options& options) {
  if (auto set = run(settings(at_, options)); !set) return tl::unexpected(set.error());
  return {};
}

outcome<void> session::check_server(const session_options& options) {
  const auto said = run(server_query);
  if (!said) return tl::unexpected(said.error());
  const auto unavailable = [&](const std::string& why) {
    return refuse({workflow_errc::store_unavailable, fmt::format("{} {}", at_.shown(), why)});
  };
  if (number_at(*said, 0, 0) < oldest_server)
    return unavailable(
        fmt::format("runs PostgreSQL {}; at least 13 is needed", text_at(*said, 0, 1)));
  if (options.read_only) return {};
  if (number_at(*said, 0, 4) != 0)
    return unavailable("is a standby server, which may only be read; name the primary");
  if (options.allow_unsafe_server || at_.allows_unsafe_server()) return {};
  for (const auto& [column, name] : {std::pair{2, "fsync"}, std::pair{3, "full_page_writes"}})
    if (text_at(*said, 0, column) == "off")
      return unavailable(
          fmt::format("runs with {0}=off, so a power cut may destroy what it has; set {0}=on "
                      "in its configuration, or add unsafe_server=allow to the "
                      "address for throw-away data",
                      name));
  return {};
}

bool session::is_open() const {
  return connection_ && connection_->is_open();
}

template <class Work>
outcome<rows> session::guarded(const Work& work) {
  const auto broken = [&](const char* said) {
    return tl::unexpected<failure>{lost_connection(said, at_)};
  };
  if (!is_open()) return broken("there is no connection");
  try {
    return work();
  } catch (const std::exception& thrown) {
    // The last words of a session that ends are an error like others.
    if (!is_open() || is<pqxx::broken_connection>(thrown)) return broken(thrown.what());
    return tl::unexpected<failure>{failure_of(sqlstate_of(thrown), thrown.what(), at_)};
  }
}

outcome<rows> session::run(const statement& wanted, const parameters& with) {
  return guarded([&] {
    if (prepared_.insert(wanted.name).second) connection_->prepare(wanted.name, wanted.sql);
    return sender_->exec_prepared(wanted.name, pqxx::prepare::make_dynamic_params(with.texts()));
  });
}

outcome<rows> session::run(const std::string& sql, const parameters& with) {
  return guarded([&] {
    if (with.texts().empty()) return sender_->exec(sql);
    return sender_->exec_params(sql, pqxx::prepare::make_dynamic_params(with.texts()));
  });
}

// --- transaction ---------------------------------------------------------------------------------

outcome<transaction> transaction::begin(session& on, kind of) {
  auto begun =
      on.run(of == kind::writing ? "BEGIN" : "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
  if (!begun) return tl::unexpected(begun.error());
  return transaction{on};
}

transaction::~transaction() {
  // Where the connection is gone, so is the transaction.
  if (on_) (void)on_->run("ROLLBACK");
}

outcome<void> transaction::commit() {
  auto done = on_->run("COMMIT");
  if (!done) return tl::unexpected(done.error());
  on_ = nullptr;
  return {};
}

// --- rows ----------------------------------------------------------------------------------------

std::int64_t number_of(const rows& from) {
  return from.empty() ? 0 : number_at(from, 0, 0);
}

std::int64_t number_at(const rows& from, std::size_t row, int column) {
  return std::strtoll(from[static_cast<rows::size_type>(row)][column].c_str(), nullptr, 10);
}

std::string text_at(const rows& from, std::size_t row, int column) {
  return from[static_cast<rows::size_type>(row)][column].c_str();
}

std::string bytes_at(const rows& from, std::size_t row, int column) {
  return pqxx::binarystring{from[static_cast<rows::size_type>(row)][column]}.str();
}

} // namespace troupe::workflow::postgres
