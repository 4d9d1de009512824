#pragma once

#include "actors/workflow/errors.hpp"
#include "actors/workflow/machine.hpp"

namespace troupe::workflow {

/// An event that cannot follow what happened before it.
inline tl::unexpected<error> mismatch(std::string why) {
  return fail(workflow_errc::history_mismatch, std::move(why));
}

/// One event at work on a machine: first checks that it fits, then changes the state and collects
/// what is newly wanted.
struct machine::transition {
  machine& state;
  time_point now;
  commands wanted;

  /// For messages.
  [[nodiscard]] static std::string describe(const attempt_id& attempt);

  result<void> operator()(const run_started& happened);
  result<void> operator()(const step_scheduled& happened);
  result<void> operator()(const step_completed& happened);
  result<void> operator()(const step_failed& happened);
  result<void> operator()(const step_retry_due& happened);
  result<void> operator()(const run_recovered& happened);
  result<void> operator()(const run_completed& happened);
  result<void> operator()(const run_failed& happened);
  result<void> operator()(const step_decided& happened);
  result<void> operator()(const step_timed_out& happened);
  result<void> operator()(const run_cancelled& happened);
  result<void> operator()(const step_waiting& happened);
  result<void> operator()(const timer_fired& happened);
  result<void> operator()(const signal_received& happened);
  result<void> operator()(const run_compensating& happened);
  result<void> operator()(const child_started& happened);
  result<void> operator()(const run_timed_out& happened);
  result<void> operator()(const run_cancelling& happened);
  result<void> operator()(const step_speculated& happened);
  result<void> operator()(const step_preempted& happened);
  result<void> operator()(const step_lost& happened);

private:
  /// A place in the state that an event names.
  struct slot {
    std::size_t step = 0;
    std::uint32_t index = 0;
    instance_state* instance = nullptr;
  };

  [[nodiscard]] slot find(const instance_id& name) const;
  /// The attempt in flight that the event names; `history_mismatch` where it is not.
  [[nodiscard]] result<slot> find_running(const attempt_id& attempt) const;
  [[nodiscard]] const step& definition_of(std::size_t at) const {
    return state.workflow_->steps[at];
  }

  [[nodiscard]] instance_id name_of(std::size_t at, std::uint32_t index) const {
    return {definition_of(at).id, index, false, static_cast<std::uint16_t>(at)};
  }

  void link_steps();
  void expand(std::size_t at, std::size_t count);
  void unblock(std::size_t at);
  void decide_or_queue(std::size_t at, std::uint32_t index);
  void make_ready(std::size_t at, std::uint32_t index);
  void pump(std::size_t at);
  void want(std::size_t at, std::uint32_t index);
  void tell_dependents(std::size_t at, std::uint32_t index);
  void settle(std::size_t at);
  void recover_step(std::size_t at);
  void complete(const slot& at, message_ptr reply);
  void close_instance(const slot& at);
  void stop_awaiting(const slot& at);
  void recover_instance(std::size_t at, std::uint32_t index, std::vector<std::uint32_t>& again);
  void fail_for_good(const slot& at, const attempt_id& last, const failure& why);
  void want_end();

  // machine_compensating.cpp
  void compensate_next();
  void fail_compensation(const slot& at, const instance_id& name, const failure& why,
                         std::optional<time_point> retry_time);
  void end_compensation(const slot& at, instance_status how);
  void recover_compensation();
  void add_undo(std::size_t step, std::uint32_t index);

  // machine_cancelling.cpp
  void abandon(const std::vector<std::uint64_t>& awaited);
  void recover_cancelling();
  void want_cancelled();

  // machine_second.cpp
  static void take_back(instance_state& from, const attempt_id& ended);

  // machine_child.cpp
  void end_child(const slot& at, message_ptr reply);
  void cancel_children();
};

} // namespace troupe::workflow
