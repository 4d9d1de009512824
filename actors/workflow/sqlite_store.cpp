#include "actors/workflow/sqlite_store.hpp"

#include "actors/workflow/checksum.hpp"
#include "actors/workflow/errors.hpp"
#include "actors/workflow/owner_locks.hpp"
#include "actors/workflow/sqlite.hpp"
#include "actors/workflow/sqlite_schema.hpp"

#include <fmt/format.h>
#include <random>
#include <unistd.h>
#include <unordered_map>

namespace troupe::workflow {
namespace {

using time_point = store::time_point;

constexpr std::int64_t events_per_run = std::int64_t{1} << 32;
/// So many owners of one file can be alive at once.
constexpr std::int64_t most_owners = 1'000;

std::int64_t to_us(time_point moment) {
  return std::chrono::duration_cast<std::chrono::microseconds>(moment.time_since_epoch()).count();
}

time_point from_us(std::int64_t us) {
  return time_point{std::chrono::microseconds{us}};
}

/// Unique among all owners there ever were: a process id alone comes back.
std::string make_owner_name() {
  std::random_device entropy;
  return fmt::format("{}-{:08x}{:08x}", getpid(), entropy(), entropy());
}

std::span<const unsigned char> bytes_of(std::string_view text) {
  return {reinterpret_cast<const unsigned char*>(text.data()), text.size()};
}

checksum sum_of(checksummer& sums, const run_entry& entry, std::int64_t number) {
  return sums.add(number)
      .add(entry.run_id)
      .add(entry.workflow)
      .add(entry.workflow_version)
      .add(std::int64_t{entry.status})
      .add(to_us(entry.started))
      .add(to_us(entry.closed))
      .add(static_cast<std::int64_t>(entry.version))
      .finish();
}

checksum sum_of(checksummer& sums, const std::string& run_id, std::uint64_t sequence,
                std::string_view bytes) {
  return sums.add(run_id).add(static_cast<std::int64_t>(sequence)).add(bytes).finish();
}

/// In the order that `to_row` reads.
#define RUN_COLUMNS                                                                                \
  "number, run_id, workflow, workflow_version, status, started_us, closed_us, version, owner, "    \
  "checksum"

struct statements {
  sqlite::statement insert_run, update_run, insert_event, find_run, read_events, claim_run,
      find_owner, renew_owner, add_owner, remove_owner;

  [[nodiscard]] result<void> prepare(sqlite::database& on) {
    const std::pair<sqlite::statement*, const char*> texts[] = {
        {&insert_run, "INSERT INTO runs (run_id, workflow, workflow_version, status, started_us, "
                      "closed_us, version, owner, "
                      "checksum) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, x'') ON CONFLICT (run_id) "
                      "DO NOTHING RETURNING number"},
        {&update_run, "UPDATE runs SET status = ?2, closed_us = ?3, version = ?4, checksum = ?5 "
                      "WHERE number = ?1"},
        {&insert_event, "INSERT INTO events (id, bytes, checksum) VALUES (?1, ?2, ?3)"},
        {&find_run, "SELECT " RUN_COLUMNS " FROM runs WHERE run_id = ?1"},
        {&read_events,
         "SELECT id, bytes, checksum FROM events WHERE id > ?1 AND id < ?2 ORDER BY id"},
        {&claim_run, "UPDATE runs SET owner = ?2 WHERE number = ?1"},
        {&find_owner, "SELECT slot, expires_us FROM owners WHERE owner = ?1"},
        {&renew_owner, "UPDATE owners SET expires_us = ?2 WHERE owner = ?1"},
        {&add_owner, "INSERT OR REPLACE INTO owners (owner, slot, expires_us) VALUES (?1, ?2, ?3)"},
        {&remove_owner, "DELETE FROM owners WHERE owner = ?1"},
    };
    for (const auto& [into, text] : texts) {
      auto prepared = on.prepare(text);
      if (!prepared) return tl::unexpected(std::move(prepared.error()));
      *into = std::move(*prepared);
    }
    return {};
  }
};

/// A run's row: its entry and its number, which its events' ids begin with.
struct run_row {
  std::int64_t number = 0;
  run_entry entry;
};

class sqlite_store final : public store {
public:
  sqlite_store(sqlite::database opened, owner_locks locks, std::string file,
               std::chrono::milliseconds lease)
      : file_(std::move(file)), owner_(make_owner_name()), lease_(lease),
        database_(std::move(opened)), locks_(std::move(locks)) {}
  ~sqlite_store() override { release(); }
  sqlite_store(const sqlite_store&) = delete;
  sqlite_store& operator=(const sqlite_store&) = delete;

  result<void> enter(time_point now);

  result<void> append(std::span<const append_batch> batches) override;
  result<std::vector<std::string>> read(const std::string& run_id) override;
  result<std::vector<run_entry>> list(const run_filter& filter) override;
  result<run_entry> find(const std::string& run_id) override;
  result<void> claim(const std::string& run_id, time_point now) override;
  result<void> renew(time_point now) override;
  void release() noexcept override;
  [[nodiscard]] const std::string& owner() const override { return owner_; }
  [[nodiscard]] std::chrono::milliseconds lease_time() const override { return lease_; }

private:
  result<void> append_one(const append_batch& batch);
  result<std::int64_t> insert_run(const append_batch& batch);
  result<run_row> check_owned(const append_batch& batch);
  result<void> insert_events(const append_batch& batch, std::int64_t number);
  result<void> update_run(const append_batch& batch, std::int64_t number);
  result<run_row> find_row(const std::string& run_id);
  result<run_row> to_row(const sqlite::statement& from);
  result<std::vector<std::string>> read_events(const run_row& from);
  result<bool> is_alive(const std::string& owner, time_point now);
  [[nodiscard]] tl::unexpected<error> damaged(std::string what) const {
    return fail(
        workflow_errc::store_damaged,
        fmt::format("{}: {}; restore the file from a backup, the other runs can still be used",
                    file_, what));
  }

  std::string file_;
  std::string owner_;
  std::chrono::milliseconds lease_;
  sqlite::database database_;
  owner_locks locks_;
  statements statements_;
  checksummer sums_;
  bool entered_ = false;
};

// --- ownership -----------------------------------------------------------------------------------

/// Registers this owner under the first slot whose lock is free. An owner row of that slot belonged
/// to somebody dead.
result<void> sqlite_store::enter(time_point now) {
  if (auto ready = statements_.prepare(database_); !ready) return ready;
  auto guard = sqlite::transaction::begin(database_);
  if (!guard) return tl::unexpected(std::move(guard.error()));
  std::int64_t slot = 1;
  while (slot <= most_owners && !locks_.try_lock(slot))
    ++slot;
  if (slot > most_owners)
    return fail(workflow_errc::store_busy,
                fmt::format("{}: {} owners at once already", file_, most_owners));
  statements_.add_owner.bind(1, owner_).bind(2, slot).bind(3, to_us(now + lease_));
  if (auto added = statements_.add_owner.run(); !added) return added;
  auto done = guard->commit();
  entered_ = done.has_value();
  return done;
}

result<bool> sqlite_store::is_alive(const std::string& owner, time_point now) {
  sqlite::statement& query = statements_.find_owner;
  const sqlite::reset_guard done{query};
  auto row = query.bind(1, owner).step();
  if (!row || !*row) return row;
  return query.number(1) > to_us(now) && locks_.is_locked(query.number(0));
}

result<void> sqlite_store::claim(const std::string& run_id, time_point now) {
  auto guard = sqlite::transaction::begin(database_);
  if (!guard) return tl::unexpected(std::move(guard.error()));
  const auto row = find_row(run_id);
  if (!row) return tl::unexpected(row.error());
  if (row->entry.owner == owner_) return {};
  const auto alive = is_alive(row->entry.owner, now);
  if (!alive) return tl::unexpected(alive.error());
  if (*alive)
    return fail(
        workflow_errc::run_owned,
        fmt::format("run {} is at work in another process (owner {})", run_id, row->entry.owner));
  statements_.claim_run.bind(1, row->number).bind(2, owner_);
  if (auto claimed = statements_.claim_run.run(); !claimed) return claimed;
  return guard->commit();
}

result<void> sqlite_store::renew(time_point now) {
  statements_.renew_owner.bind(1, owner_).bind(2, to_us(now + lease_));
  if (auto renewed = statements_.renew_owner.run(); !renewed) return renewed;
  if (database_.changes() == 1) return {};
  return fail(workflow_errc::ownership_lost,
              fmt::format("{}: owner {} is no longer known", file_, owner_));
}

void sqlite_store::release() noexcept {
  if (!std::exchange(entered_, false)) return;
  // Where this fails, the freed lock says the same.
  (void)statements_.remove_owner.bind(1, owner_).run();
}

// --- writing -------------------------------------------------------------------------------------

result<void> sqlite_store::append(std::span<const append_batch> batches) {
  auto guard = sqlite::transaction::begin(database_);
  if (!guard) return tl::unexpected(std::move(guard.error()));
  for (const append_batch& batch : batches)
    if (auto appended = append_one(batch); !appended) return appended;
  return guard->commit();
}

result<void> sqlite_store::append_one(const append_batch& batch) {
  std::int64_t number = 0;
  if (batch.expected_version == 0) {
    auto inserted = insert_run(batch);
    if (!inserted) return tl::unexpected(std::move(inserted.error()));
    number = *inserted;
  } else {
    const auto row = check_owned(batch);
    if (!row) return tl::unexpected(row.error());
    number = row->number;
  }
  if (auto inserted = insert_events(batch, number); !inserted) return inserted;
  return update_run(batch, number);
}

result<std::int64_t> sqlite_store::insert_run(const append_batch& batch) {
  sqlite::statement& insert = statements_.insert_run;
  const sqlite::reset_guard done{insert};
  const run_entry& entry = batch.entry;
  auto row = insert.bind(1, entry.run_id)
                 .bind(2, entry.workflow)
                 .bind(3, entry.workflow_version)
                 .bind(4, std::int64_t{entry.status})
                 .bind(5, to_us(entry.started))
                 .bind(6, to_us(entry.closed))
                 .bind(7, std::int64_t{0})
                 .bind(8, owner_)
                 .step();
  if (!row) return tl::unexpected(std::move(row.error()));
  if (*row) return insert.number(0);
  return fail(workflow_errc::run_exists,
              fmt::format("there is a run '{}' in {}; choose another id, or resume it",
                          entry.run_id, file_));
}

result<run_row> sqlite_store::check_owned(const append_batch& batch) {
  auto row = find_row(batch.entry.run_id);
  if (!row) return row;
  if (row->entry.owner != owner_)
    return fail(workflow_errc::ownership_lost, fmt::format("run {} was taken over by owner {}",
                                                           batch.entry.run_id, row->entry.owner));
  if (row->entry.version != batch.expected_version)
    return fail(workflow_errc::version_conflict,
                fmt::format("run {} has {} events, {} were expected", batch.entry.run_id,
                            row->entry.version, batch.expected_version));
  return row;
}

result<void> sqlite_store::insert_events(const append_batch& batch, std::int64_t number) {
  std::uint64_t sequence = batch.expected_version;
  if (sequence + batch.events.size() >= static_cast<std::uint64_t>(events_per_run))
    return fail(workflow_errc::store_full,
                fmt::format("run {} has too many events", batch.entry.run_id));
  for (const std::string& event : batch.events) {
    const checksum sum = sum_of(sums_, batch.entry.run_id, ++sequence, event);
    statements_.insert_event.bind(1, number * events_per_run + static_cast<std::int64_t>(sequence))
        .bind(2, bytes_of(event))
        .bind(3, std::span<const unsigned char>{sum});
    if (auto inserted = statements_.insert_event.run(); !inserted) return inserted;
  }
  return {};
}

result<void> sqlite_store::update_run(const append_batch& batch, std::int64_t number) {
  run_entry entry = batch.entry;
  entry.version = batch.expected_version + batch.events.size();
  const checksum sum = sum_of(sums_, entry, number);
  statements_.update_run.bind(1, number)
      .bind(2, std::int64_t{entry.status})
      .bind(3, to_us(entry.closed))
      .bind(4, static_cast<std::int64_t>(entry.version))
      .bind(5, std::span<const unsigned char>{sum});
  return statements_.update_run.run();
}

// --- reading -------------------------------------------------------------------------------------

result<run_row> sqlite_store::to_row(const sqlite::statement& from) {
  run_row made;
  made.number = from.number(0);
  run_entry& entry = made.entry;
  entry.run_id = from.text(1);
  entry.workflow = from.text(2);
  entry.workflow_version = from.text(3);
  entry.status = static_cast<std::int32_t>(from.number(4));
  entry.started = from_us(from.number(5));
  entry.closed = from_us(from.number(6));
  entry.version = static_cast<std::uint64_t>(from.number(7));
  entry.owner = from.text(8);
  if (from.blob(9) != view(sum_of(sums_, entry, made.number)))
    return damaged(fmt::format("the entry of run '{}' is not what was written", entry.run_id));
  return made;
}

result<run_row> sqlite_store::find_row(const std::string& run_id) {
  sqlite::statement& query = statements_.find_run;
  const sqlite::reset_guard done{query};
  const auto row = query.bind(1, run_id).step();
  if (!row) return tl::unexpected(row.error());
  if (!*row)
    return fail(workflow_errc::run_unknown,
                fmt::format("no run '{}' in {}", run_id.substr(0, 140), file_));
  return to_row(query);
}

result<run_entry> sqlite_store::find(const std::string& run_id) {
  auto row = find_row(run_id);
  if (!row) return tl::unexpected(std::move(row.error()));
  return std::move(row->entry);
}

result<std::vector<std::string>> sqlite_store::read(const std::string& run_id) {
  // One snapshot for the entry and its events, while another process may append.
  if (auto begun = database_.execute("BEGIN"); !begun)
    return tl::unexpected(std::move(begun.error()));
  const auto row = find_row(run_id);
  auto events = row ? read_events(*row) : tl::unexpected(row.error());
  if (auto ended = database_.execute("COMMIT"); !ended && events)
    return tl::unexpected(std::move(ended.error()));
  return events;
}

result<std::vector<std::string>> sqlite_store::read_events(const run_row& from) {
  sqlite::statement& query = statements_.read_events;
  const sqlite::reset_guard done{query};
  const std::int64_t base = from.number * events_per_run;
  query.bind(1, base).bind(2, base + events_per_run);
  std::vector<std::string> events;
  for (;;) {
    const auto more = query.step();
    if (!more) return tl::unexpected(more.error());
    if (!*more) break;
    const std::uint64_t due = events.size() + 1;
    if (query.number(0) != base + static_cast<std::int64_t>(due))
      return damaged(fmt::format("event {} of run '{}' is missing", due, from.entry.run_id));
    if (query.blob(2) != view(sum_of(sums_, from.entry.run_id, due, query.blob(1))))
      return damaged(
          fmt::format("event {} of run '{}' is not what was written", due, from.entry.run_id));
    events.emplace_back(query.blob(1));
  }
  if (events.size() != from.entry.version)
    return damaged(fmt::format("run '{}' must have {} events, {} are there", from.entry.run_id,
                               from.entry.version, events.size()));
  return events;
}

result<std::vector<run_entry>> sqlite_store::list(const run_filter& filter) {
  std::string sql = "SELECT " RUN_COLUMNS " FROM runs WHERE 1";
  if (!filter.statuses.empty())
    sql += fmt::format(" AND status IN ({})", fmt::join(filter.statuses, ","));
  if (!filter.workflow.empty()) sql += " AND workflow = ?1";
  if (filter.started_since)
    sql += fmt::format(" AND started_us >= {}", to_us(*filter.started_since));
  sql += fmt::format(" ORDER BY started_us DESC, number DESC LIMIT {}",
                     std::min(filter.limit, std::size_t{1'000'000'000}));
  auto query = database_.prepare(sql);
  if (!query) return tl::unexpected(std::move(query.error()));
  if (!filter.workflow.empty()) query->bind(1, filter.workflow);
  std::vector<run_entry> made;
  for (;;) {
    const auto more = query->step();
    if (!more) return tl::unexpected(more.error());
    if (!*more) return made;
    auto row = to_row(*query);
    if (!row) return tl::unexpected(std::move(row.error()));
    made.push_back(std::move(row->entry));
  }
}

} // namespace

result<std::unique_ptr<store>> open_sqlite_store(const std::filesystem::path& file,
                                                 const sqlite_store_options& options) {
  const std::filesystem::path owners = file.string() + "-owners";
  std::error_code ignored;
  const bool was_used =
      std::filesystem::exists(file, ignored) && std::filesystem::exists(owners, ignored);
  auto opened = sqlite::database::open(file.string(), options.must_exist, options.busy_timeout);
  if (!opened) return tl::unexpected(std::move(opened.error()));
  if (auto ready = prepare_schema(*opened, file, was_used, options.busy_timeout); !ready)
    return tl::unexpected(std::move(ready.error()));
  auto locks = owner_locks::open(owners);
  if (!locks) return tl::unexpected(std::move(locks.error()));
  auto made = std::make_unique<sqlite_store>(std::move(*opened), std::move(*locks), file.string(),
                                             options.lease_time);
  if (auto entered = made->enter(options.now); !entered)
    return tl::unexpected(std::move(entered.error()));
  return made;
}

} // namespace troupe::workflow
