#include "actors/workflow/postgres/schema.hpp"

#include <array>
#include <fmt/format.h>
#include <string_view>

namespace troupe::workflow::postgres {
namespace {

constexpr std::string_view application = "troupe";

// Texts from outside are bytea: the database's encoding may not have them. A run's row has room on its page, so that an
// append does not write its indexes. `owners.commits` counts an owner's commits: after a lost connection it tells whether
// the last one was made. `owners.session` is the advisory lock that the owner's session holds.
constexpr const char* format_1 = R"sql(
CREATE TABLE store_format (
  singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
  application text NOT NULL,
  format bigint NOT NULL
);
CREATE SEQUENCE run_numbers;
CREATE SEQUENCE signal_numbers;
CREATE TABLE runs (
  number bigint PRIMARY KEY,
  run_id bytea NOT NULL UNIQUE,
  workflow bytea NOT NULL,
  workflow_version bytea NOT NULL,
  status integer NOT NULL,
  started_us bigint NOT NULL,
  closed_us bigint NOT NULL,
  version bigint NOT NULL,
  owner text NOT NULL,
  epoch bigint NOT NULL,
  checksum bytea NOT NULL
) WITH (fillfactor = 80);
CREATE INDEX runs_by_status ON runs (status, started_us, number);
CREATE INDEX runs_by_start ON runs (started_us, number);
CREATE INDEX runs_by_workflow ON runs (workflow, started_us, number);
CREATE TABLE events (
  run bigint NOT NULL,
  number bigint NOT NULL,
  bytes bytea NOT NULL,
  checksum bytea NOT NULL,
  PRIMARY KEY (run, number)
);
CREATE TABLE owners (
  owner text PRIMARY KEY,
  session bigint NOT NULL,
  expires_us bigint NOT NULL,
  commits bigint NOT NULL
) WITH (fillfactor = 50);
CREATE TABLE cancel_requests (
  run_id bytea PRIMARY KEY,
  reason bytea NOT NULL,
  time_ms bigint NOT NULL,
  checksum bytea NOT NULL
);
CREATE TABLE signal_requests (
  number bigint PRIMARY KEY,
  id bytea NOT NULL UNIQUE,
  run_id bytea NOT NULL,
  name bytea NOT NULL,
  time_ms bigint NOT NULL,
  checksum bytea NOT NULL,
  payload bytea NOT NULL
);
CREATE INDEX signal_requests_by_run ON signal_requests (run_id);
CREATE TABLE dead_letters (
  id bytea PRIMARY KEY,
  number bigint GENERATED ALWAYS AS IDENTITY,
  time_ms bigint NOT NULL,
  agent_type bytea NOT NULL,
  agent_key bytea NOT NULL,
  payload_type_url bytea NOT NULL,
  payload bytea NOT NULL,
  idempotency_key bytea NOT NULL,
  failure bytea NOT NULL,
  attempts bigint NOT NULL,
  state integer NOT NULL,
  checksum bytea NOT NULL
);
CREATE INDEX dead_letters_by_time ON dead_letters (time_ms, number);
)sql";

// Payloads that many events may share, each under its SHA-256, and where an event has one cut out (`stored_blobs`); what
// runs are called; what a repair has taken out of the other tables. `blobs.uses` only says that somebody refers to the
// blob just now: who does so writes it, and so holds the row.
constexpr const char* format_2 = R"sql(
CREATE TABLE blobs (
  hash bytea PRIMARY KEY,
  bytes bytea NOT NULL,
  uses bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 80);
ALTER TABLE blobs ALTER COLUMN bytes SET STORAGE EXTERNAL;
ALTER TABLE events ADD COLUMN blob bytea NOT NULL DEFAULT '';
ALTER TABLE events ADD COLUMN blob_at bigint NOT NULL DEFAULT 0;
CREATE INDEX events_by_blob ON events (blob) WHERE blob <> '';
CREATE TABLE run_tags (
  key bytea NOT NULL,
  value bytea NOT NULL,
  started_us bigint NOT NULL,
  run bigint NOT NULL,
  PRIMARY KEY (key, value, started_us, run)
);
CREATE INDEX run_tags_by_run ON run_tags (run);
CREATE INDEX runs_by_closing ON runs (closed_us) WHERE closed_us <> 0;
CREATE TABLE quarantine (
  number bigint PRIMARY KEY,
  run_id bytea NOT NULL,
  reason bytea NOT NULL,
  time_us bigint NOT NULL,
  source bigint NOT NULL,
  content bytea NOT NULL,
  blob bytea NOT NULL
);
CREATE INDEX quarantine_by_blob ON quarantine (blob) WHERE blob <> '';
)sql";

// The nodes of the cluster (`members`): what each is, and apart from it its lease, which is written often, so that its row
// has room on its page. Who has no lease is no member any more. Whoever changes a member holds the row of the counters.
constexpr const char* format_3 = R"sql(
CREATE TABLE members (
  node bytea PRIMARY KEY,
  incarnation bigint NOT NULL,
  state integer NOT NULL,
  version bigint NOT NULL,
  joined_us bigint NOT NULL,
  changed_us bigint NOT NULL,
  details bytea NOT NULL
);
CREATE INDEX members_by_version ON members (version);
CREATE TABLE member_leases (
  node bytea PRIMARY KEY,
  incarnation bigint NOT NULL,
  renewals bigint NOT NULL,
  renewed_us bigint NOT NULL,
  lease_end_us bigint NOT NULL
) WITH (fillfactor = 50);
CREATE TABLE member_counters (
  singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
  version bigint NOT NULL,
  forgotten bigint NOT NULL
) WITH (fillfactor = 50);
INSERT INTO member_counters (version, forgotten) VALUES (0, 0);
)sql";

/// Entry i makes format i + 1 out of format i. What is listed here has been released: it never changes, and what comes is
/// added at the end.
constexpr std::array<const char*, newest_schema> steps{format_1, format_2, format_3};

/// Names of the tables of each format.
constexpr std::array<const char*, newest_schema> tables{
    "'store_format', 'runs', 'events', 'owners', 'cancel_requests', 'signal_requests', "
    "'dead_letters'",
    "'store_format', 'runs', 'events', 'owners', 'cancel_requests', 'signal_requests', "
    "'dead_letters', 'blobs', 'run_tags', 'quarantine'",
    "'store_format', 'runs', 'events', 'owners', 'cancel_requests', 'signal_requests', "
    "'dead_letters', 'blobs', 'run_tags', 'quarantine', 'members', 'member_leases', "
    "'member_counters'",
};
constexpr std::array<std::int64_t, newest_schema> table_counts{7, 10, 13};

/// What a schema is, seen at one moment.
struct schema_kind {
  bool is_there = false;
  bool is_empty = true;
  bool is_store = false;
  /// Whether this user may look into it.
  bool is_usable = true;
  schema_format format = 0;
};

tl::unexpected<failure> refused(const session& on, workflow_errc code, std::string_view why) {
  return refuse({code, fmt::format("{}: schema {} {}", on.at().shown(), on.at().schema(), why)});
}

constexpr const char* kind_query = R"sql(
SELECT count(DISTINCT s.oid), count(c.oid), count(c.oid) FILTER (WHERE c.relname = 'store_format'),
       coalesce(bool_and(has_schema_privilege(s.oid, 'USAGE')), true)::int
FROM pg_namespace s LEFT JOIN pg_class c ON c.relnamespace = s.oid WHERE s.nspname = $1
)sql";

/// The format that the mark says.
outcome<schema_format> read_format(session& on) {
  const auto marks = on.run("SELECT application, format FROM store_format");
  if (!marks) {
    const bool other = marks.error().sqlstate == "42703" || marks.error().sqlstate == "42809";
    if (other)
      return refused(on, workflow_errc::store_foreign,
                     "belongs to another program; name another one with ?schema=NAME");
    return tl::unexpected(marks.error());
  }
  if (marks->empty() || text_at(*marks, 0, 0) != application)
    return refused(on, workflow_errc::store_foreign,
                   "belongs to another program; name another one with ?schema=NAME");
  return number_at(*marks, 0, 1);
}

outcome<schema_kind> look(session& on) {
  const auto found = on.run(kind_query, parameters{}.add_name(on.at().schema()));
  if (!found) return tl::unexpected(found.error());
  schema_kind made{number_at(*found, 0, 0) > 0, number_at(*found, 0, 1) == 0,
                   number_at(*found, 0, 2) > 0, number_at(*found, 0, 3) != 0, 0};
  if (!made.is_usable)
    return refused(
        on, workflow_errc::store_unavailable,
        "may not be used by this user; GRANT USAGE ON SCHEMA and rights on its tables, or "
        "make them belong to the user");
  if (!made.is_store) return made;
  const auto format = read_format(on);
  if (!format) return tl::unexpected(format.error());
  made.format = *format;
  return made;
}

outcome<void> check_tables(session& on, schema_format format) {
  const auto at = static_cast<std::size_t>(format - 1);
  const auto found = on.run(
      fmt::format("SELECT count(*) FROM pg_class c JOIN pg_namespace s ON s.oid = c.relnamespace "
                  "WHERE s.nspname = $1 AND c.relkind IN ('r', 'p') AND c.relname IN ({})",
                  tables.at(at)),
      parameters{}.add_name(on.at().schema()));
  if (!found) return tl::unexpected(found.error());
  if (number_of(*found) == table_counts.at(at)) return {};
  return refused(on, workflow_errc::store_damaged,
                 "lacks tables that it must have; restore it from a backup");
}

/// The kind of a schema that is a store, or where one can be made.
outcome<schema_kind> check_kind(session& on) {
  auto kind = look(on);
  if (!kind) return kind;
  if (!kind->is_store && !kind->is_empty)
    return refused(on, workflow_errc::store_foreign,
                   "belongs to another program; name another one with ?schema=NAME");
  if (!kind->is_store) return kind;
  if (kind->format > newest_schema)
    return refused(on, workflow_errc::store_newer,
                   fmt::format("has format {}, this program knows formats up to {}; use a newer "
                               "troupe, or another schema with ?schema=NAME",
                               kind->format, newest_schema));
  if (kind->format < 1)
    return refused(on, workflow_errc::store_damaged,
                   "has a format that never was; restore it from a backup");
  if (auto complete = check_tables(on, kind->format); !complete)
    return tl::unexpected(complete.error());
  return kind;
}

/// An older program that is still at work would write rows as it knows them.
outcome<void> check_unused(session& on, schema_format from) {
  const auto alive =
      on.run("SELECT count(*) FROM owners WHERE NOT pg_try_advisory_xact_lock_shared(session)");
  if (!alive) return tl::unexpected(alive.error());
  if (number_of(*alive) == 0) return {};
  return refused(on, workflow_errc::store_busy,
                 fmt::format("has format {} and is open in an older troupe; end that, then it is "
                             "upgraded to format {}",
                             from, newest_schema));
}

outcome<void> migrate(session& on, const schema_kind& from) {
  if (!from.is_there)
    if (auto made = on.run(fmt::format("CREATE SCHEMA \"{}\"", on.at().schema())); !made)
      return tl::unexpected(made.error());
  for (auto at = static_cast<std::size_t>(from.format); at < steps.size(); ++at)
    if (auto made = on.run(steps.at(at)); !made) return tl::unexpected(made.error());
  const auto marked =
      on.run(fmt::format("INSERT INTO store_format (application, format) VALUES ('{0}', {1}) "
                         "ON CONFLICT (singleton) DO UPDATE SET format = {1}",
                         application, newest_schema));
  if (!marked) return tl::unexpected(marked.error());
  return {};
}

outcome<void> bring_up_to_date(session& on) {
  auto guard = transaction::begin(on);
  if (!guard) return tl::unexpected(guard.error());
  const auto locked = on.run("SELECT pg_advisory_xact_lock(1953656933, hashtext($1))", // "trpe"
                             parameters{}.add_name(on.at().schema()));
  if (!locked) return tl::unexpected(locked.error());
  // Asked again under the lock: another process may have done it meanwhile.
  const auto kind = check_kind(on);
  if (!kind) return tl::unexpected(kind.error());
  if (kind->format == newest_schema) return {};
  if (kind->format > 0)
    if (auto unused = check_unused(on, kind->format); !unused) return unused;
  if (auto made = migrate(on, *kind); !made) return made;
  return guard->commit();
}

} // namespace

outcome<schema_format> open_schema(session& on, const schema_options& options) {
  const auto kind = check_kind(on);
  if (!kind) return tl::unexpected(kind.error());
  if (!kind->is_store && (options.must_exist || options.read_only))
    return refused(on, workflow_errc::store_unavailable,
                   "is not there; check its name, or make a store by running a workflow");
  if (options.read_only || kind->format == newest_schema) return kind->format;
  if (auto ready = bring_up_to_date(on); !ready) return tl::unexpected(ready.error());
  return newest_schema;
}

} // namespace troupe::workflow::postgres
