#include "tools/troupe/progress.hpp"

#include "actors/workflow/run_id.hpp"

#include <chrono>
#include <fmt/format.h>
#include <google/protobuf/util/time_util.h>
#include <iostream>
#include <unistd.h>

namespace troupe::cli {

namespace {

constexpr std::size_t bar_cells = 30;

/// Whole lines in one write, so that those of two threads do not mix.
void print(const std::string& text) {
  std::cerr << text << std::flush;
}

std::string instance_name(const v1::AttemptRef& attempt) {
  return fmt::format("{} {}[{}]", attempt.compensation() ? "compensation of" : "step",
                     attempt.step(), attempt.index());
}

std::string failed_line(const v1::StepFailed& failed) {
  return fmt::format("{} attempt {} failed: {} [{}]{}\n", instance_name(failed.attempt()),
                     failed.attempt().attempt(), failed.failure().message(),
                     failed.failure().type(),
                     failed.other_goes_on()    ? "; the other attempt goes on"
                     : failed.has_retry_time() ? "; will try again"
                                               : "");
}

} // namespace

const std::map<std::string, progress_mode>& progress_modes() {
  static const std::map<std::string, progress_mode> modes{{"auto", progress_mode::automatic},
                                                          {"bar", progress_mode::bar},
                                                          {"lines", progress_mode::lines},
                                                          {"none", progress_mode::none}};
  return modes;
}

progress::progress(progress_mode mode)
    : mode_{mode != progress_mode::automatic ? mode
            : isatty(STDERR_FILENO)          ? progress_mode::bar
                                             : progress_mode::lines} {}

void progress::end() {
  const std::lock_guard lock{mutex_};
  if (drawn_) print("\n");
  drawn_ = false;
}

void progress::on_event(const std::string& run_id, const v1::Event& event) {
  using google::protobuf::util::TimeUtil;
  const std::lock_guard lock{mutex_};
  // Whose line it is: also those of runs that steps have started are shown.
  const std::string from = workflow::is_child_run_id(run_id) ? run_id + ": " : "";
  // The bar comes back below the line at the next tick.
  if (mode_ == progress_mode::bar && event.has_step_failed())
    print((drawn_ ? "\r\033[K" : "") + from + failed_line(event.step_failed()));
  // Only a person can make it go on.
  if (mode_ != progress_mode::none && event.has_step_waiting() &&
      !event.step_waiting().has_due_time())
    print((drawn_ ? "\r\033[K" : "") + from +
          fmt::format("step {}[{}] waits for a signal\n", event.step_waiting().step(),
                      event.step_waiting().index()));
  if (mode_ != progress_mode::lines) return;
  if (event.has_step_completed())
    print(from + fmt::format("{} completed\n", instance_name(event.step_completed().attempt())));
  else if (event.has_step_failed())
    print(from + failed_line(event.step_failed()));
  else if (event.has_step_decided() && event.step_decided().skipped())
    print(from + fmt::format("step {}[{}] skipped\n", event.step_decided().step(),
                             event.step_decided().index()));
  else if (event.has_step_timed_out())
    print(from + fmt::format("step {}[{}] failed: {}\n", event.step_timed_out().step(),
                             event.step_timed_out().index(),
                             event.step_timed_out().failure().message()));
  else if (event.has_step_waiting() && event.step_waiting().has_due_time())
    print(from + fmt::format("step {}[{}] waits until {}\n", event.step_waiting().step(),
                             event.step_waiting().index(),
                             TimeUtil::ToString(event.step_waiting().due_time())));
  else if (event.has_timer_fired())
    print(from + fmt::format("step {}[{}] completed\n", event.timer_fired().step(),
                             event.timer_fired().index()));
  else if (event.has_signal_received())
    print(from + fmt::format("signal {} received\n", event.signal_received().name()));
  else if (event.has_step_speculated())
    print(from + fmt::format("{} attempt {} takes long; attempt {} begins beside it\n",
                             instance_name(event.step_speculated().attempt()),
                             event.step_speculated().beside(),
                             event.step_speculated().attempt().attempt()));
  else if (event.has_step_preempted())
    print(from + fmt::format("{} attempt {} gave its place to {}; will go on\n",
                             instance_name(event.step_preempted().attempt()),
                             event.step_preempted().attempt().attempt(),
                             event.step_preempted().needed_by()));
  else if (event.has_step_lost())
    print(from + fmt::format("{} attempt {} was lost with node {}; is tried again\n",
                             instance_name(event.step_lost().attempt()),
                             event.step_lost().attempt().attempt(), event.step_lost().node()));
  else if (event.has_run_timed_out())
    print(from + event.run_timed_out().failure().message() + "\n");
  else if (event.has_run_cancelling())
    print(from + "run is to be cancelled and waits for the attempts at work\n");
  else if (event.has_run_compensating())
    print(from + "run undoes what it has done\n");
  else if (event.has_child_started())
    print(from + fmt::format("{} started run {}\n", instance_name(event.child_started().attempt()),
                             event.child_started().run_id()));
  else if (event.has_run_recovered())
    print(from + "run goes on where it stood\n");
}

void progress::on_tick(const v1::RunSummary& run) {
  using google::protobuf::util::TimeUtil;
  if (mode_ != progress_mode::bar) return;
  const std::lock_guard lock{mutex_};
  const auto counts = count_instances(run);
  const auto done = counts.completed + counts.skipped + counts.failed;
  const auto filled = counts.total ? done * bar_cells / counts.total : 0;
  const auto elapsed =
      std::chrono::system_clock::now().time_since_epoch() -
      std::chrono::nanoseconds{TimeUtil::TimestampToNanoseconds(run.started_time())};
  print(fmt::format("\r\033[K{} [{}{}] {}/{} steps, {} at work, {}", run.workflow(),
                    std::string(filled, '#'), std::string(bar_cells - filled, '.'), done,
                    counts.total, counts.at_work, duration_text(elapsed)));
  drawn_ = true;
}

} // namespace troupe::cli
