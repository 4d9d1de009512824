#include "actors/workflow/cron/schedule_runner.hpp"

#include "troupe/v1/run.pb.h"

#include <algorithm>
#include <fmt/format.h>

namespace troupe::workflow::cron {
namespace {

using time_point = schedule_runner::time_point;

constexpr std::chrono::milliseconds look_again{500};

bool is_open_run(const run_entry& of) {
  return of.closed == time_point{};
}

/// The runs of one schedule, of all those of its definition.
std::vector<run_entry> own_runs(const schedule& of, std::vector<run_entry> all) {
  std::erase_if(all, [&](const run_entry& each) { return !due_of(of, each.run_id); });
  return all;
}

/// Whether an earlier run of the schedule was at work at that time.
bool was_busy(const schedule& of, minute_point due, const std::vector<run_entry>& runs) {
  return std::ranges::any_of(runs, [&](const run_entry& each) {
    return *due_of(of, each.run_id) < due && each.started <= due &&
           (is_open_run(each) || each.closed >= due);
  });
}

} // namespace

schedule_runner::schedule_runner(std::vector<schedule> schedules, schedule_world around,
                                 time_point now)
    : schedules_(std::move(schedules)), around_(std::move(around)), begun_at_(now),
      states_(schedules_.size()) {}

std::vector<schedule_event> schedule_runner::tick(time_point now) {
  for (std::size_t i = 0; i < schedules_.size(); ++i) {
    const schedule& of = schedules_[i];
    state& at = states_[i];
    if (!at.begun) begin(of, at, now);
    if (!at.begun) continue; // the store was busy
    gather(of, at, now);
    start_missed(of, at, now);
  }
  return std::exchange(events_, {});
}

/// What was due before somebody looked, and what is still to be started since it was due.
void schedule_runner::begin(const schedule& of, state& at, time_point now) {
  const auto all = around_.runs(of);
  if (!all) return;
  const auto runs = own_runs(of, *all);
  at.begun = true;
  at.next = next_due(of.when, of.in, begun_at_);
  // Of those that are due already, some are started a while later.
  std::vector<minute_point> late;
  std::optional<minute_point> last;
  for (const run_entry& each : runs)
    last = std::max(last.value_or(minute_point{}), *due_of(of, each.run_id));
  const time_point recent = begun_at_ - of.jitter;
  const time_point since =
      last ? std::min<time_point>(recent,
                                  std::max<time_point>(*last, begun_at_ - of.catch_up_window))
           : recent;
  constexpr std::size_t most = 100'000;
  for (const minute_point due : due_times(of.when, of.in, since, begun_at_, most)) {
    if (start_of(of, due) > now)
      at.waiting.emplace(start_of(of, due), due);
    else if (last && due > *last && due > begun_at_ - of.catch_up_window)
      late.push_back(due);
  }
  catch_up(of, at, std::move(late), runs);
}

void schedule_runner::catch_up(const schedule& of, state& at, std::vector<minute_point> late,
                               const std::vector<run_entry>& runs) {
  if (of.overlap == overlap_policy::skip)
    std::erase_if(late, [&](minute_point due) { return was_busy(of, due, runs); });
  if (of.catch_up == catch_up_policy::none) late.clear();
  if (of.catch_up == catch_up_policy::latest && late.size() > 1)
    late.erase(late.begin(), late.end() - 1);
  if (late.size() > schedule_limits::caught_up)
    late.erase(late.begin(), late.end() - schedule_limits::caught_up);
  at.missed.insert(at.missed.end(), late.begin(), late.end());
}

/// Starts what is due; what should have been started long ago was missed.
void schedule_runner::gather(const schedule& of, state& at, time_point now) {
  for (; at.next && *at.next <= now; at.next = next_due(of.when, of.in, *at.next))
    at.waiting.emplace(start_of(of, *at.next), *at.next);
  if (at.waiting.empty() || at.waiting.begin()->first > now) return;
  const auto all = around_.runs(of);
  if (!all && at.waiting.begin()->first + late_after > now) return; // once more
  const auto runs = all ? own_runs(of, *all) : std::vector<run_entry>{};
  std::vector<minute_point> late;
  while (!at.waiting.empty() && at.waiting.begin()->first <= now) {
    const auto [moment, due] = *at.waiting.begin();
    at.waiting.erase(at.waiting.begin());
    if (!all)
      tell(schedule_event::kind::failed, of, due, false, all.error().message());
    else if (moment + late_after <= now && due > now - of.catch_up_window)
      late.push_back(due);
    else if (moment + late_after > now)
      start(of, due, false, runs);
  }
  catch_up(of, at, std::move(late), runs);
}

void schedule_runner::start_missed(const schedule& of, state& at, time_point now) {
  while (!at.missed.empty()) {
    const auto all = around_.runs(of);
    if (!all) return;
    const auto runs = own_runs(of, *all);
    const bool wait = of.overlap != overlap_policy::allow && std::ranges::any_of(runs, is_open_run);
    if (wait) return;
    const minute_point due = at.missed.front();
    at.missed.pop_front();
    // It may have waited here for long.
    if (due > now - of.catch_up_window - late_after) start(of, due, true, runs);
  }
}

void schedule_runner::start(const schedule& of, minute_point due, bool missed,
                            const std::vector<run_entry>& runs) {
  const std::string id = run_id_of(of, due);
  // Somebody else looks after the schedule, too.
  if (std::ranges::find(runs, id, &run_entry::run_id) != runs.end()) return;
  for (const run_entry& each : runs) {
    if (!is_open_run(each) || of.overlap == overlap_policy::allow) continue;
    if (of.overlap == overlap_policy::skip) {
      tell(schedule_event::kind::skipped, of, due, missed,
           fmt::format("run {} is at work", each.run_id));
      return;
    }
    const auto done = around_.cancel(of, each.run_id);
    tell(done ? schedule_event::kind::cancelled : schedule_event::kind::failed, of, due, missed,
         done ? fmt::format("run {} is cancelled for it", each.run_id) : done.error().message());
  }
  const auto started = around_.start(of, id);
  tell(started ? schedule_event::kind::started : schedule_event::kind::failed, of, due, missed,
       started ? "" : started.error().message());
}

void schedule_runner::tell(schedule_event::kind what, const schedule& of, minute_point due,
                           bool missed, std::string why) {
  events_.push_back({what, of.name, run_id_of(of, due), due, missed, std::move(why)});
}

schedule_runner::time_point schedule_runner::next_wake(time_point now) const {
  time_point made = time_point::max();
  for (const state& each : states_) {
    if (!each.begun || !each.missed.empty()) made = std::min(made, now + look_again);
    if (each.next) made = std::min<time_point>(made, *each.next);
    if (!each.waiting.empty())
      made = std::min(made, each.waiting.begin()->first > now ? each.waiting.begin()->first
                                                              : now + look_again);
  }
  return made;
}

} // namespace troupe::workflow::cron
