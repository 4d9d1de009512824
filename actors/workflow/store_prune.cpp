#include "actors/workflow/store_prune.hpp"

#include "actors/workflow/backup_file.hpp"
#include "actors/workflow/row_check.hpp"
#include "actors/workflow/run_id.hpp"
#include "actors/workflow/store_backup.hpp"
#include "actors/workflow/stored_rows.hpp"

#include <fmt/format.h>
#include <limits>
#include <set>

namespace troupe::workflow {
namespace {

/// A run on its way out, with all of its rows.
struct leaving_run {
  row entry;
  std::vector<row> tags, events;
  [[nodiscard]] std::int64_t number() const { return number_in(entry, col::run_number); }
  [[nodiscard]] const std::string& id() const { return bytes_in(entry, col::run_id); }
};

/// Closed runs in the order in which they were closed.
struct place_in_order {
  std::int64_t closed_us = std::numeric_limits<std::int64_t>::min();
  std::int64_t number = 0;
};

class pruner {
public:
  pruner(raw_store& from, const prune_options& options, const store_watch& watch)
      : from_(from), options_(options), watch_(watch) {}
  result<pruned_runs> prune();

private:
  result<void> open_archive();
  result<void> find_end();
  /// @returns whether there may be more.
  result<bool> prune_some();
  result<std::vector<leaving_run>> read_some(std::size_t& seen);
  result<bool> has_to_stay(const std::string& run_id);
  result<bool> read_rows(leaving_run& of);
  result<void> archive(const std::vector<leaving_run>& runs);
  result<void> archive_blobs(const std::vector<leaving_run>& runs);
  result<void> remove(const std::vector<leaving_run>& runs);
  result<void> remove_one(const leaving_run& run);
  [[nodiscard]] std::string restriction() const;

  raw_store& from_;
  const prune_options& options_;
  const store_watch& watch_;
  std::optional<backup_writer> archive_;
  checksummer sums_;
  place_in_order last_;
  /// The first of those that are kept.
  place_in_order end_{std::numeric_limits<std::int64_t>::max(), 0};
  bool nothing_ = false;
  pruned_runs made_;
};

std::string pruner::restriction() const {
  return options_.statuses.empty()
             ? "closed_us <> 0"
             : fmt::format("closed_us <> 0 AND status IN ({})", fmt::join(options_.statuses, ","));
}

/// Once there is something for it: to go on with an archive takes reading it.
result<void> pruner::open_archive() {
  if (!options_.archive || archive_) return {};
  auto opened =
      backup_writer::append_to(*options_.archive, backup_header(from_, v1::BACKUP_KIND_ARCHIVE));
  if (!opened) return tl::unexpected(std::move(opened.error()));
  archive_.emplace(std::move(*opened));
  return {};
}

/// Where those begin that are kept for their number.
result<void> pruner::find_end() {
  if (options_.keep == 0) return {};
  constexpr column_kind kinds[] = {column_kind::number, column_kind::number};
  const auto found = from_.query(
      fmt::format(
          "SELECT closed_us, number FROM runs WHERE {} ORDER BY closed_us DESC, number DESC "
          "LIMIT 1 OFFSET {}",
          restriction(), options_.keep - 1),
      {}, kinds);
  if (!found) return tl::unexpected(found.error());
  nothing_ = found->empty();
  if (!nothing_) end_ = {number_in(found->front(), 0), number_in(found->front(), 1)};
  return {};
}

/// A run that is taken over looks at those that it has started.
result<bool> pruner::has_to_stay(const std::string& run_id) {
  std::string above = parent_run_id(run_id);
  // Where its id does not tell who started it, anybody that is open may have.
  if (above.empty() && is_child_run_id(run_id)) {
    const auto open = count_rows(from_, "SELECT count(*) FROM runs WHERE closed_us = 0");
    if (!open) return tl::unexpected(open.error());
    return *open > 0;
  }
  for (; !above.empty(); above = parent_run_id(above)) {
    const auto open =
        count_rows(from_, "SELECT count(*) FROM runs WHERE run_id = ?1 AND closed_us = 0",
                   {sql_value::text(above)});
    if (!open) return tl::unexpected(open.error());
    if (*open > 0) return true;
  }
  return false;
}

/// @returns whether they are what was written.
result<bool> pruner::read_rows(leaving_run& of) {
  bool good = is_good_run(of.entry, sums_);
  auto read = from_.scan_events_of(of.number(), [&](row& shown) -> result<void> {
    good = good &&
           number_in(shown, col::event_number) == static_cast<std::int64_t>(of.events.size()) + 1;
    good = good && (!bytes_in(shown, col::event_blob).empty() ||
                    whole_event(shown, of.id(), "", sums_).has_value());
    return of.events.push_back(std::move(shown)), result<void>{};
  });
  if (!read) return tl::unexpected(std::move(read.error()));
  read = from_.scan(table_of(v1::BACKUP_TABLE_RUN_TAGS), "run = ?1", {of.number()},
                    [&](row& shown) -> result<void> {
                      return of.tags.push_back(std::move(shown)), result<void>{};
                    });
  if (!read) return tl::unexpected(std::move(read.error()));
  return good &&
         static_cast<std::int64_t>(of.events.size()) == number_in(of.entry, col::run_version);
}

result<std::vector<leaving_run>> pruner::read_some(std::size_t& seen) {
  std::vector<row> entries;
  auto read = from_.scan_closed_runs(
      fmt::format(
          "{} AND closed_us < ?1 AND (closed_us, number) > (?2, ?3) AND (closed_us, number) "
          "< (?4, ?5)",
          restriction()),
      {to_us(options_.closed_before), last_.closed_us, last_.number, end_.closed_us, end_.number},
      options_.runs_at_once, [&](row& shown) -> result<void> {
        return entries.push_back(std::move(shown)), result<void>{};
      });
  if (!read) return tl::unexpected(std::move(read.error()));
  seen = entries.size();
  std::vector<leaving_run> made;
  for (row& each : entries) {
    last_ = {number_in(each, col::run_closed), number_in(each, col::run_number)};
    leaving_run run{std::move(each), {}, {}};
    const auto stays = has_to_stay(run.id());
    if (!stays) return tl::unexpected(stays.error());
    if (*stays && ++made_.kept_for_parents) continue;
    const auto good = read_rows(run);
    if (!good) return tl::unexpected(good.error());
    if (*good)
      made.push_back(std::move(run));
    else
      made_.damaged.push_back(run.id().substr(0, most_shown_of_id));
  }
  return made;
}

result<void> pruner::archive_blobs(const std::vector<leaving_run>& runs) {
  std::set<std::string> hashes;
  for (const leaving_run& run : runs)
    for (const row& event : run.events)
      if (const auto& hash = bytes_in(event, col::event_blob); !hash.empty()) hashes.insert(hash);
  const stored_table& table = table_of(v1::BACKUP_TABLE_BLOBS);
  for (const std::string& hash : hashes)
    if (auto done = from_.scan(table, "hash = ?1", {sql_value::bytes(hash)},
                               [&](row& shown) { return archive_->add(table, shown); });
        !done)
      return done;
  return {};
}

result<void> pruner::archive(const std::vector<leaving_run>& runs) {
  if (runs.empty()) return {};
  if (auto opened = open_archive(); !opened || !archive_) return opened;
  if (auto done = archive_blobs(runs); !done) return done;
  const auto add = [this](v1::BackupTable id, std::span<const row> rows) -> result<void> {
    for (const row& each : rows)
      if (auto done = archive_->add(table_of(id), each); !done) return done;
    return {};
  };
  for (const leaving_run& run : runs) {
    if (auto done = add(v1::BACKUP_TABLE_RUNS, {&run.entry, 1}); !done) return done;
    if (auto done = add(v1::BACKUP_TABLE_RUN_TAGS, run.tags); !done) return done;
    if (auto done = add(v1::BACKUP_TABLE_EVENTS, run.events); !done) return done;
  }
  return archive_->mark();
}

result<void> pruner::remove_one(const leaving_run& run) {
  const std::int64_t number = run.number();
  const auto hashes = from_.erase_events({&number, 1});
  if (!hashes) return tl::unexpected(hashes.error());
  const auto gone =
      from_.execute("DELETE FROM runs WHERE number = ?1 AND closed_us <> 0", {number});
  if (!gone) return tl::unexpected(gone.error());
  if (*gone == 1) {
    ++made_.runs;
    made_.events += run.events.size();
  }
  if (auto done = from_.execute("DELETE FROM run_tags WHERE run = ?1", {number}); !done)
    return tl::unexpected(std::move(done.error()));
  for (const char* table : {"cancel_requests", "signal_requests"})
    if (auto done = from_.execute(fmt::format("DELETE FROM {} WHERE run_id = ?1", table),
                                  {sql_value::text(run.id())});
        !done)
      return tl::unexpected(std::move(done.error()));
  const auto collected = from_.collect_blobs(*hashes);
  if (!collected) return tl::unexpected(collected.error());
  made_.payloads += *collected;
  return {};
}

result<void> pruner::remove(const std::vector<leaving_run>& runs) {
  if (runs.empty()) return {};
  if (auto begun = from_.begin_writing(); !begun) return begun;
  for (const leaving_run& run : runs)
    if (auto done = remove_one(run); !done) return from_.roll_back(), done;
  return from_.commit();
}

result<bool> pruner::prune_some() {
  if (auto begun = from_.begin_snapshot(); !begun) return tl::unexpected(std::move(begun.error()));
  std::size_t seen = 0;
  const auto runs = read_some(seen);
  auto done = runs ? result<void>{} : tl::unexpected(runs.error());
  if (done && !options_.dry_run) done = archive(*runs);
  from_.roll_back();
  if (!done) return tl::unexpected(std::move(done.error()));
  if (options_.dry_run) {
    made_.runs += runs->size();
    for (const leaving_run& run : *runs)
      made_.events += run.events.size();
  } else if (auto removed = remove(*runs); !removed) {
    return tl::unexpected(std::move(removed.error()));
  }
  return seen == options_.runs_at_once;
}

result<pruned_runs> pruner::prune() {
  if (auto known = find_end(); !known) return tl::unexpected(std::move(known.error()));
  while (!nothing_) {
    if (auto go_on = watch_.step("runs", made_.runs, 0); !go_on)
      return tl::unexpected(std::move(go_on.error()));
    const auto more = prune_some();
    if (!more) return tl::unexpected(more.error());
    if (!*more) break;
  }
  return std::move(made_);
}

} // namespace

result<pruned_runs> prune_store(raw_store& from, const prune_options& options,
                                const store_watch& watch) {
  return pruner{from, options, watch}.prune();
}

} // namespace troupe::workflow
