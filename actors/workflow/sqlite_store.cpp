#include "actors/workflow/sqlite_store.hpp"

#include "actors/workflow/sqlite_run_store.hpp"

#include <fmt/format.h>

namespace troupe::workflow {
namespace {

/// So many owners of one file can be alive at once.
constexpr std::int64_t most_owners = 1'000;

tl::unexpected<error> read_only(const std::string& file) {
  return fail(workflow_errc::store_unavailable, file + " is open for reading only");
}

} // namespace

sqlite_run_store::sqlite_run_store(store_file opened, std::optional<owner_locks> locks,
                                   std::string file, std::chrono::milliseconds lease)
    : file_(std::move(file)), owner_(locks ? make_owner_name() : std::string{}), lease_(lease),
      database_(std::move(opened.database)), format_(opened.format), locks_(std::move(locks)) {}

result<sqlite::transaction> sqlite_run_store::begin_writing() {
  if (!locks_) return read_only(file_);
  return sqlite::transaction::begin(database_);
}

result<std::int64_t> sqlite_run_store::lock_slot() {
  for (std::int64_t slot = 1; slot <= most_owners; ++slot)
    if (locks_->try_lock(slot)) return slot;
  return fail(workflow_errc::store_busy,
              fmt::format("{}: {} owners at once already", file_, most_owners));
}

/// Registers this owner under the first slot whose lock is free. An owner row of that slot belonged
/// to somebody dead.
result<void> sqlite_run_store::enter(time_point now) {
  if (auto ready = statements_.prepare_reading(database_, format_); !ready || !locks_) return ready;
  if (auto ready = statements_.prepare_writing(database_); !ready) return ready;
  auto guard = begin_writing();
  if (!guard) return tl::unexpected(std::move(guard.error()));
  const auto slot = lock_slot();
  if (!slot) return tl::unexpected(slot.error());
  statements_.add_owner.bind(1, owner_).bind(2, *slot).bind(3, to_us(now + lease_));
  if (auto added = statements_.add_owner.run(); !added) return added;
  auto done = guard->commit();
  entered_ = done.has_value();
  return done;
}

result<bool> sqlite_run_store::is_alive(const std::string& owner, time_point now) {
  sqlite::statement& query = statements_.find_owner;
  const sqlite::reset_guard done{query};
  auto row = query.bind(1, owner).step();
  if (!row || !*row) return row;
  return query.number(1) > to_us(now) && locks_->is_locked(query.number(0));
}

result<std::uint64_t> sqlite_run_store::claim(const std::string& run_id, time_point now) {
  auto all = claim_all({&run_id, 1}, now);
  if (!all) return tl::unexpected(std::move(all.error()));
  return std::move(all->front());
}

result<claims> sqlite_run_store::claim_all(std::span<const std::string> run_ids, time_point now) {
  auto guard = begin_writing();
  if (!guard) return tl::unexpected(std::move(guard.error()));
  claims made;
  for (const std::string& each : run_ids)
    made.push_back(claim_one(each, now));
  if (auto done = guard->commit(); !done) return tl::unexpected(std::move(done.error()));
  return made;
}

result<std::uint64_t> sqlite_run_store::claim_one(const std::string& run_id, time_point now) {
  const auto row = find_row(run_id);
  if (!row) return tl::unexpected(row.error());
  const run_entry& entry = row->entry;
  if (entry.owner == owner_) return entry.epoch;
  const auto alive = is_alive(entry.owner, now);
  if (!alive) return tl::unexpected(alive.error());
  if (*alive) return tl::unexpected(run_is_at_work(entry));
  owned_.erase(run_id); // another owner may have appended meanwhile
  statements_.claim_run.bind(1, row->number).bind(2, owner_);
  if (auto claimed = statements_.claim_run.run(); !claimed)
    return tl::unexpected(std::move(claimed.error()));
  return entry.epoch + 1;
}

result<void> sqlite_run_store::release(const std::string& run_id) {
  if (!locks_) return read_only(file_);
  owned_.erase(run_id);
  return statements_.release_run.bind(1, run_id).bind(2, owner_).run();
}

result<void> sqlite_run_store::renew(time_point now) {
  if (!locks_) return read_only(file_);
  statements_.renew_owner.bind(1, owner_).bind(2, to_us(now + lease_));
  if (auto renewed = statements_.renew_owner.run(); !renewed) return renewed;
  if (database_.changes() == 1) return {};
  return fail(workflow_errc::ownership_lost,
              fmt::format("{}: owner {} is no longer known", file_, owner_));
}

void sqlite_run_store::release_all() noexcept {
  if (!std::exchange(entered_, false)) return;
  // Where this fails, the freed lock says the same.
  (void)statements_.remove_owner.bind(1, owner_).run();
}

result<std::unique_ptr<store>> open_sqlite_store(const std::filesystem::path& file,
                                                 const sqlite_store_options& options) {
  auto opened =
      open_store_file(file, {options.must_exist, options.read_only, options.busy_timeout});
  if (!opened) return tl::unexpected(std::move(opened.error()));
  std::optional<owner_locks> locks;
  if (!options.read_only) {
    auto made = owner_locks::open(owners_file(file));
    if (!made) return tl::unexpected(std::move(made.error()));
    locks.emplace(std::move(*made));
  }
  auto made = std::make_unique<sqlite_run_store>(std::move(*opened), std::move(locks),
                                                 file.string(), options.lease_time);
  if (auto entered = made->enter(options.now); !entered)
    return tl::unexpected(std::move(entered.error()));
  return made;
}

} // namespace troupe::workflow
