#include "tools/troupe/top_feed.hpp"

#include "actors/workflow/errors.hpp"
#include "tools/troupe/stored_run.hpp"
#include "troupe/v1/run.pb.h"

#include <algorithm>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unordered_set>
#include <utility>

namespace troupe::cli {

namespace {

/// Entries that are read at once.
constexpr std::size_t page_size = 10'000;
/// A run is seen as closed so much after its last event's time at most: commits may take long.
constexpr std::chrono::seconds late_commits{30};

/// Somebody waits for each look.
constexpr std::chrono::seconds server_patience{5};

std::vector<std::int32_t> open_statuses(const workflow::run_filter& filter) {
  if (!filter.statuses.empty()) return filter.statuses;
  return {v1::RUN_STATUS_RUNNING, v1::RUN_STATUS_COMPENSATING};
}

double seconds_of(std::chrono::nanoseconds time) {
  return std::chrono::duration<double>(time).count();
}

/// Steps that a process completed between two snapshots of it.
std::optional<double> rate_between(const workflow::node_snapshot* before,
                                   const workflow::node_snapshot& now) {
  if (!before || before->began != now.began) return std::nullopt;
  if (now.taken <= before->taken || now.counted.steps_completed < before->counted.steps_completed)
    return 0.0;
  return static_cast<double>(now.counted.steps_completed - before->counted.steps_completed) /
         seconds_of(now.taken - before->taken);
}

} // namespace

result<std::unique_ptr<top_feed>> top_feed::open(const store_option& store, top_query query) {
  std::unique_ptr<top_feed> made{new top_feed};
  made->option_ = store;
  made->query_ = std::move(query);
  auto opened = store.open_to_read(server_patience);
  if (!opened) return tl::unexpected(std::move(opened.error()));
  made->store_ = std::move(*opened);
  auto shown = store.shown();
  if (!shown) return tl::unexpected(std::move(shown.error()));
  made->shown_ = std::move(*shown);
  auto board = store.board(true);
  if (!board) return tl::unexpected(std::move(board.error()));
  made->board_ = std::move(*board);
  auto file = made->identity();
  if (!file) return tl::unexpected(std::move(file.error()));
  made->file_ = *file;
  return made;
}

/// Which file the store is; nothing for a database.
result<std::optional<top_feed::file_identity>> top_feed::identity() const {
  const auto file = option_.file();
  if (!file) return tl::unexpected(file.error());
  if (!*file) return std::optional<file_identity>{};
  struct stat of {};
  if (::stat((*file)->c_str(), &of) != 0)
    return fail(workflow_errc::store_unavailable,
                fmt::format("{} is gone; it was there until now", shown_));
  return std::optional{file_identity{of.st_dev, of.st_ino}};
}

/// A file that was removed can still be read, but nobody writes to it any more.
result<void> top_feed::check_still_there() const {
  const auto now = identity();
  if (!now) return tl::unexpected(now.error());
  if (*now == file_) return {};
  return fail(
      workflow_errc::store_unavailable,
      fmt::format("another file has taken the place of {}; start again to see that one", shown_));
}

result<std::vector<workflow::run_entry>> top_feed::open_runs(bool& cut) {
  workflow::run_filter filter = query_.filter;
  filter.statuses = open_statuses(filter);
  filter.limit = page_size;
  std::vector<workflow::run_entry> made;
  std::unordered_set<std::string> seen;
  for (;;) {
    auto page = store_->list(filter);
    if (!page) return tl::unexpected(std::move(page.error()));
    const std::size_t before = made.size();
    for (auto& each : *page)
      if (seen.insert(each.run_id).second) made.push_back(std::move(each));
    if (page->size() < page_size) return made;
    cut = made.size() >= most_open || made.size() == before;
    if (cut) return made;
    // With those that were started in the same moment.
    filter.started_before = made.back().started + std::chrono::microseconds{1};
  }
}

/// Only what is new is read: a run that is closed stays so.
result<void> top_feed::count_closed(moment now, top_state& into) {
  const moment begin = now - std::chrono::duration_cast<moment::duration>(query_.window);
  workflow::run_filter filter = query_.filter;
  filter.statuses = {};
  filter.limit = most_closed;
  filter.closed_since = last_ ? std::max(begin, *last_ - late_commits) : begin;
  const auto fresh = store_->list(filter);
  if (!fresh) return tl::unexpected(fresh.error());
  std::size_t found = 0;
  for (const auto& each : *fresh)
    if (closed_.size() < most_closed) found += closed_.emplace(each.run_id, each).second;
  std::erase_if(closed_, [&](const auto& each) { return each.second.closed < begin; });
  for (const auto& [id, run] : closed_) {
    into.totals.completed += run.status == v1::RUN_STATUS_COMPLETED;
    into.totals.failed += run.status == v1::RUN_STATUS_FAILED;
    into.totals.cancelled += run.status == v1::RUN_STATUS_CANCELLED;
  }
  into.totals.closed_cut = closed_.size() >= most_closed || fresh->size() >= most_closed;
  if (last_ && now > *last_)
    into.totals.runs_per_second = static_cast<double>(found) / seconds_of(now - *last_);
  return {};
}

/// With what their last events say.
void top_feed::read_failures(top_state& into) {
  std::vector<const workflow::run_entry*> failed;
  for (const auto& [id, run] : closed_)
    if (run.status == v1::RUN_STATUS_FAILED) failed.push_back(&run);
  std::ranges::sort(failed, [](const auto* a, const auto* b) {
    return a->closed != b->closed ? a->closed > b->closed : a->run_id < b->run_id;
  });
  if (failed.size() > most_failures) failed.resize(most_failures);
  std::unordered_map<std::string, top_failure> kept;
  for (const auto* run : failed) {
    auto known = failures_.extract(run->run_id);
    top_failure made = known.empty() ? top_failure{*run, "", ""} : std::move(known.mapped());
    if (known.empty() && run->version <= most_events)
      if (const auto history = read_history(*store_, run->run_id); history && !history->empty()) {
        const auto& why = history->back().run_failed().failure();
        made.type = why.type();
        made.message = why.message();
      }
    kept.emplace(run->run_id, made);
    into.failures.push_back(std::move(made));
  }
  failures_ = std::move(kept);
}

/// That it cannot be had is said, and everything else is shown.
void top_feed::read_nodes(top_state& into) {
  auto content = board_->read();
  if (!content) return into.unreadable.push_back(content.error().message());
  into.unreadable = std::move(content->unreadable);
  std::unordered_map<std::string, workflow::node_snapshot> now;
  for (auto& [what, age] : content->nodes) {
    const auto before = nodes_.find(what.owner);
    top_node made{std::move(what), age, {}};
    made.steps_per_second =
        rate_between(before == nodes_.end() ? nullptr : &before->second, made.what);
    now.emplace(made.what.owner, made.what);
    if (made.steps_per_second)
      into.totals.steps_per_second =
          into.totals.steps_per_second.value_or(0) + *made.steps_per_second;
    into.totals.at_work += made.what.in_flight;
    for (const auto& queue : made.what.queues)
      into.totals.queued[queue.name] += queue.count;
    into.nodes.push_back(std::move(made));
  }
  nodes_ = std::move(now);
}

void top_feed::look_at(const workflow::run_entry& run, moment now) {
  const auto found = read_run(*store_, run.run_id);
  // It may be gone, or damaged: 'troupe store check' is for that.
  if (!found) return;
  const auto insight = workflow::analyse(found->events, now);
  if (!insight) return;
  run_look made = look_at_run(*insight, run.version);
  made.priority = found->summary.priority();
  made.tenant = found->summary.tenant();
  looks_.insert_or_assign(run.run_id, std::move(made));
}

/// Reads the histories of those that have gone on, as far as time allows.
void top_feed::look_at_runs(const std::vector<workflow::run_entry>& open,
                            const attempt_index& named, std::chrono::milliseconds patience) {
  const auto until = std::chrono::steady_clock::now() + patience;
  const auto named_runs = named.runs();
  const std::unordered_set<std::string> first{named_runs.begin(), named_runs.end()};
  std::unordered_map<std::string, run_look> kept;
  std::vector<const workflow::run_entry*> wanted;
  // The newest come first.
  for (auto each = open.rbegin(); each != open.rend(); ++each)
    if (wanted.size() < most_looked_at || first.contains(each->run_id)) wanted.push_back(&*each);
  std::stable_partition(wanted.begin(), wanted.end(),
                        [&](const auto* run) { return first.contains(run->run_id); });
  for (const auto* run : wanted)
    if (auto known = looks_.extract(run->run_id); !known.empty()) kept.insert(std::move(known));
  looks_ = std::move(kept);
  for (const auto* run : wanted) {
    if (std::chrono::steady_clock::now() >= until) return;
    const auto known = looks_.find(run->run_id);
    if ((known != looks_.end() && known->second.version == run->version) ||
        run->version > most_events)
      continue;
    look_at(*run, std::chrono::system_clock::now());
  }
}

void top_feed::fill_runs(std::vector<workflow::run_entry> open, const attempt_index& known,
                         top_state& into) const {
  std::unordered_set<std::string> owners;
  for (const top_node& node : into.nodes)
    owners.insert(node.what.owner);
  for (auto& entry : open) {
    top_run made;
    into.totals.running += entry.status == v1::RUN_STATUS_RUNNING;
    into.totals.compensating += entry.status == v1::RUN_STATUS_COMPENSATING;
    into.totals.runs_unseen += !owners.contains(entry.owner);
    if (const auto look = looks_.find(entry.run_id); look != looks_.end()) {
      made.looked_at = true;
      made.priority = look->second.priority;
      made.tenant = look->second.tenant;
      made.steps = look->second.steps;
      made.steps_done = look->second.steps_done;
      made.steps_failed = look->second.steps_failed;
      made.wait = choose_wait(look->second, entry.run_id, known, into.time, query_.alarm_after);
      ++into.totals.looked_at;
      for (const auto& [reason, count] : look->second.counts)
        into.totals.waiting[reason] += count;
    }
    if (query_.tenant && (!made.looked_at || made.tenant != *query_.tenant)) continue;
    made.entry = std::move(entry);
    into.runs.push_back(std::move(made));
  }
  sort_runs(into.runs, query_.order);
  if (into.runs.size() > query_.most_runs) into.runs.resize(query_.most_runs);
}

result<top_state> top_feed::look(std::chrono::milliseconds patience) {
  if (auto there = check_still_there(); !there) return tl::unexpected(std::move(there.error()));
  top_state made;
  made.store = shown_;
  made.time = std::chrono::system_clock::now();
  made.window = query_.window;
  // Before the runs, so that an attempt that a process names is rarely of a run that is not listed.
  read_nodes(made);
  auto open = open_runs(made.totals.open_cut);
  if (!open) return tl::unexpected(std::move(open.error()));
  if (auto counted = count_closed(made.time, made); !counted)
    return tl::unexpected(std::move(counted.error()));
  read_failures(made);
  const attempt_index named{made.nodes};
  look_at_runs(*open, named, patience);
  fill_runs(std::move(*open), named, made);
  last_ = made.time;
  return made;
}

} // namespace troupe::cli
