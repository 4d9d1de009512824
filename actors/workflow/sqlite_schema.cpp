#include "actors/workflow/sqlite_schema.hpp"

#include "actors/workflow/errors.hpp"

#include <fmt/format.h>
#include <thread>

namespace troupe::workflow {
namespace {

/// "trpe", in the file's header: other programs' databases are told apart by it.
constexpr std::int64_t application = 0x74727065;
constexpr std::int64_t schema_version = 1;

// An event's id is its run's number * 2^32 + its number in the run: one B-tree, in which a run's
// events lie together.
constexpr const char* tables = R"sql(
CREATE TABLE runs (
  number INTEGER PRIMARY KEY,
  run_id TEXT NOT NULL UNIQUE,
  workflow TEXT NOT NULL,
  workflow_version TEXT NOT NULL,
  status INTEGER NOT NULL,
  started_us INTEGER NOT NULL,
  closed_us INTEGER NOT NULL,
  version INTEGER NOT NULL,
  owner TEXT NOT NULL,
  checksum BLOB NOT NULL
) STRICT;
CREATE INDEX runs_by_status ON runs (status, started_us);
CREATE INDEX runs_by_start ON runs (started_us);
CREATE TABLE events (
  id INTEGER PRIMARY KEY,
  bytes BLOB NOT NULL,
  checksum BLOB NOT NULL
) STRICT;
CREATE TABLE owners (
  owner TEXT PRIMARY KEY,
  slot INTEGER NOT NULL UNIQUE,
  expires_us INTEGER NOT NULL
) STRICT;
)sql";

result<void> create(sqlite::database& on) {
  if (auto made = on.execute(tables); !made) return made;
  const std::string marks = fmt::format("PRAGMA application_id = {}; PRAGMA user_version = {};",
                                        application, schema_version);
  return on.execute(marks.c_str());
}

result<void> check(sqlite::database& on, const std::filesystem::path& file, std::int64_t id,
                   std::int64_t version) {
  if (id != application)
    return fail(
        workflow_errc::store_foreign,
        fmt::format("{} is the database of another program; name another file", file.string()));
  if (version > schema_version)
    return fail(workflow_errc::store_newer,
                fmt::format("{} has format {}, this program knows {}; use a newer troupe",
                            file.string(), version, schema_version));
  const auto found =
      on.query_number("SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name IN "
                      "('runs', 'events', 'owners')");
  if (!found) return tl::unexpected(found.error());
  if (version < 1 || *found != 3)
    return fail(
        workflow_errc::store_damaged,
        fmt::format("{} lacks tables that it must have; restore it from a backup", file.string()));
  return {};
}

struct file_kind {
  std::int64_t application = 0;
  std::int64_t objects = 0;
};

/// What the file is, in one snapshot: another process may be making the tables right now.
result<file_kind> inspect(sqlite::database& on) {
  if (auto begun = on.execute("BEGIN"); !begun) return tl::unexpected(std::move(begun.error()));
  const auto id = on.query_number("PRAGMA application_id");
  const auto objects = id ? on.query_number("SELECT count(*) FROM sqlite_master") : id;
  if (auto ended = on.execute("COMMIT"); !ended && objects)
    return tl::unexpected(std::move(ended.error()));
  if (!objects) return tl::unexpected(objects.error());
  return file_kind{*id, *objects};
}

/// SQLite does not wait for its lock here when several connections switch at once, so this does.
result<void> switch_to_wal(sqlite::database& on, std::chrono::milliseconds busy_timeout) {
  const auto last = std::chrono::steady_clock::now() + busy_timeout;
  for (;;) {
    auto set = on.execute("PRAGMA journal_mode = WAL; PRAGMA journal_size_limit = 67108864;");
    const bool locked = !set && set.error().code == workflow_errc::store_busy;
    if (!locked || std::chrono::steady_clock::now() >= last) return set;
    std::this_thread::sleep_for(std::chrono::milliseconds{2});
  }
}

} // namespace

result<void> prepare_schema(sqlite::database& on, const std::filesystem::path& file, bool was_used,
                            std::chrono::milliseconds busy_timeout) {
  auto set = on.execute(
      "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA synchronous = FULL;");
  if (!set) return set;
  const auto found = inspect(on);
  if (!found) return tl::unexpected(found.error());
  if (found->objects == 0 && found->application == 0 && was_used)
    return fail(
        workflow_errc::store_damaged,
        fmt::format("{} is empty, but has been a store; restore it from a backup, or remove it and "
                    "its '-owners' file to begin anew",
                    file.string()));
  if (found->objects != 0 && found->application != application)
    return check(on, file, found->application, 0);
  if (auto wal = switch_to_wal(on, busy_timeout); !wal) return wal;
  auto guard = sqlite::transaction::begin(on);
  if (!guard) return tl::unexpected(std::move(guard.error()));
  // Asked again under the lock: another process may have made the tables meanwhile.
  const auto id = on.query_number("PRAGMA application_id");
  const auto version = id ? on.query_number("PRAGMA user_version") : id;
  if (!version) return tl::unexpected(version.error());
  auto ready = *id == 0 ? create(on) : check(on, file, *id, *version);
  return ready ? guard->commit() : ready;
}

} // namespace troupe::workflow
