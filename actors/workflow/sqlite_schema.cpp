#include "actors/workflow/sqlite_schema.hpp"

#include <array>
#include <fmt/format.h>
#include <string_view>

namespace troupe::workflow {
namespace {

/// "trpe", in the file's header: other programs' databases are told apart by it.
constexpr std::int64_t application = 0x74727065;

// An event's id is its run's number * 2^32 + its number in the run.
constexpr const char* format_1 = R"sql(
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

// Fencing epochs of runs; messages that no agent could take; runs that are to be cancelled.
constexpr const char* format_2 = R"sql(
ALTER TABLE runs ADD COLUMN epoch INTEGER NOT NULL DEFAULT 1;
CREATE TABLE dead_letters (
  id TEXT PRIMARY KEY,
  time_ms INTEGER NOT NULL,
  agent_type TEXT NOT NULL,
  agent_key TEXT NOT NULL,
  payload_type_url TEXT NOT NULL,
  payload BLOB NOT NULL,
  idempotency_key TEXT NOT NULL,
  failure BLOB NOT NULL,
  attempts INTEGER NOT NULL,
  state INTEGER NOT NULL,
  checksum BLOB NOT NULL
) STRICT;
CREATE INDEX dead_letters_by_time ON dead_letters (time_ms);
CREATE TABLE cancel_requests (
  run_id TEXT PRIMARY KEY,
  reason TEXT NOT NULL,
  time_ms INTEGER NOT NULL,
  checksum BLOB NOT NULL
) STRICT;
)sql";

// Events lie in the order of their commits, whatever their runs, each with the id of the one before it
// in its run: so a commit over many runs writes a few pages at the end of the table, not one page of
// every run.
constexpr const char* format_3 = R"sql(
CREATE TABLE events_in_order (
  id INTEGER PRIMARY KEY,
  run INTEGER NOT NULL,
  number INTEGER NOT NULL,
  previous INTEGER NOT NULL,
  bytes BLOB NOT NULL,
  checksum BLOB NOT NULL
) STRICT;
INSERT INTO events_in_order (run, number, previous, bytes, checksum)
  SELECT id >> 32, id & 4294967295, 0, bytes, checksum FROM events ORDER BY id;
UPDATE events_in_order SET previous = id - 1 WHERE number > 1;
DROP TABLE events;
ALTER TABLE events_in_order RENAME TO events;
ALTER TABLE runs ADD COLUMN last_event INTEGER NOT NULL DEFAULT 0;
UPDATE runs SET last_event = latest.id
  FROM (SELECT run, max(id) AS id FROM events GROUP BY run) AS latest WHERE latest.run = runs.number;
)sql";

// What runs are to be told, by arrival. The payload is last, since what is behind a large one is slow to reach.
constexpr const char* format_4 = R"sql(
CREATE TABLE signal_requests (
  number INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  run_id TEXT NOT NULL,
  name TEXT NOT NULL,
  time_ms INTEGER NOT NULL,
  checksum BLOB NOT NULL,
  payload BLOB NOT NULL
) STRICT;
CREATE INDEX signal_requests_by_run ON signal_requests (run_id);
)sql";

// So that the runs of one workflow, or that there are none, are found without a look at all runs.
constexpr const char* format_5 = R"sql(
CREATE INDEX runs_by_workflow ON runs (workflow, started_us);
)sql";

// Payloads that many events may share, each under its SHA-256, and where an event has one cut out (`stored_blobs`); what
// runs are called; what a repair has taken out of the other tables.
constexpr const char* format_6 = R"sql(
CREATE TABLE blobs (
  hash BLOB PRIMARY KEY,
  bytes BLOB NOT NULL
) STRICT;
ALTER TABLE events ADD COLUMN blob BLOB NOT NULL DEFAULT x'';
ALTER TABLE events ADD COLUMN blob_at INTEGER NOT NULL DEFAULT 0;
CREATE INDEX events_by_blob ON events (blob) WHERE blob != x'';
CREATE TABLE run_tags (
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  started_us INTEGER NOT NULL,
  run INTEGER NOT NULL,
  PRIMARY KEY (key, value, started_us, run)
) STRICT, WITHOUT ROWID;
CREATE INDEX run_tags_by_run ON run_tags (run);
CREATE INDEX runs_by_closing ON runs (closed_us) WHERE closed_us != 0;
CREATE TABLE quarantine (
  number INTEGER PRIMARY KEY,
  run_id TEXT NOT NULL,
  reason TEXT NOT NULL,
  time_us INTEGER NOT NULL,
  source INTEGER NOT NULL,
  content BLOB NOT NULL,
  blob BLOB NOT NULL
) STRICT;
CREATE INDEX quarantine_by_blob ON quarantine (blob) WHERE blob != x'';
)sql";

// The nodes of the cluster (`members`): what each is, and apart from it its lease, which is written often. Who has no lease is
// no member any more.
constexpr const char* format_7 = R"sql(
CREATE TABLE members (
  node TEXT PRIMARY KEY,
  incarnation INTEGER NOT NULL,
  state INTEGER NOT NULL,
  version INTEGER NOT NULL,
  joined_us INTEGER NOT NULL,
  changed_us INTEGER NOT NULL,
  details BLOB NOT NULL
) STRICT;
CREATE INDEX members_by_version ON members (version);
CREATE TABLE member_leases (
  node TEXT PRIMARY KEY,
  incarnation INTEGER NOT NULL,
  renewals INTEGER NOT NULL,
  renewed_us INTEGER NOT NULL,
  lease_end_us INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE member_counters (
  singleton INTEGER PRIMARY KEY CHECK (singleton = 1),
  version INTEGER NOT NULL,
  forgotten INTEGER NOT NULL
) STRICT;
INSERT INTO member_counters VALUES (1, 0, 0);
)sql";

/// Entry i makes format i + 1 out of format i. What is listed here has been released: it never
/// changes, and what comes is added at the end.
constexpr std::array<const char*, newest_format> steps{format_1, format_2, format_3, format_4,
                                                       format_5, format_6, format_7};

/// Names of the tables, in the order of their formats.
constexpr std::array<std::string_view, newest_format> tables{
    "'runs', 'events', 'owners'",
    "'runs', 'events', 'owners', 'dead_letters', 'cancel_requests'",
    "'runs', 'events', 'owners', 'dead_letters', 'cancel_requests'",
    "'runs', 'events', 'owners', 'dead_letters', 'cancel_requests', 'signal_requests'",
    "'runs', 'events', 'owners', 'dead_letters', 'cancel_requests', 'signal_requests'",
    "'runs', 'events', 'owners', 'dead_letters', 'cancel_requests', 'signal_requests', 'blobs', "
    "'run_tags', 'quarantine'",
    "'runs', 'events', 'owners', 'dead_letters', 'cancel_requests', 'signal_requests', 'blobs', "
    "'run_tags', 'quarantine', 'members', 'member_leases', 'member_counters'",
};
constexpr std::array<std::int64_t, newest_format> table_counts{3, 5, 5, 6, 6, 9, 12};

} // namespace

bool file_kind::is_store() const {
  return application == workflow::application;
}

result<file_kind> kind_of(sqlite::database& on) {
  if (auto begun = on.execute("BEGIN"); !begun) return tl::unexpected(std::move(begun.error()));
  const auto id = on.query_number("PRAGMA application_id");
  const auto format = id ? on.query_number("PRAGMA user_version") : id;
  const auto objects = format ? on.query_number("SELECT count(*) FROM sqlite_master") : format;
  if (auto ended = on.execute("COMMIT"); !ended && objects)
    return tl::unexpected(std::move(ended.error()));
  if (!objects) return tl::unexpected(objects.error());
  return file_kind{*id, *format, *objects};
}

result<void> migrate(sqlite::database& on, store_format from) {
  for (auto at = static_cast<std::size_t>(from); at < steps.size(); ++at)
    if (auto made = on.execute(steps.at(at)); !made) return made;
  const std::string marks = fmt::format("PRAGMA application_id = {}; PRAGMA user_version = {};",
                                        application, newest_format);
  return on.execute(marks.c_str());
}

result<bool> has_tables(sqlite::database& on, store_format format) {
  if (format < 1 || format > newest_format) return false;
  const auto at = static_cast<std::size_t>(format - 1);
  const auto found = on.query_number(fmt::format(
      "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name IN ({})", tables.at(at)));
  if (!found) return tl::unexpected(found.error());
  return *found == table_counts.at(at);
}

} // namespace troupe::workflow
