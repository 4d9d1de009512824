#pragma once

#include "actors/workflow/committer.hpp"
#include "actors/workflow/engine.hpp"
#include "actors/workflow/machine.hpp"

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

namespace troupe::workflow {

/// A lease is renewed when a third of it is over, so that two renewals may fail.
inline constexpr int renewals_per_lease = 3;

/// What an engine core needs of the world around it.
struct engine_environment {
  store& history;
  const agent_types& agents;
  attempt_starter start;
  std::function<time_point()> now;
  /// Runs a task later, on the core's thread; may be called from any thread, also when the core is
  /// gone.
  std::function<void(std::function<void()>)> post;
  engine_options options;
  /// Carries the commits out; without one they are done within `commit`.
  std::shared_ptr<committer> commits = nullptr;
};

/// Drives the machines of all runs of one engine: records events, commits them, starts attempts. No
/// thread and no clock of its own: whoever owns it calls it from one thread, and calls `commit`
/// when it has no more to say for now. So all that happened in between is one commit, over all
/// runs.
class engine_core {
public:
  /// Told whether what was asked is durable.
  using on_commit = std::function<void(result<void>)>;
  /// Told once, when the run is closed or the engine gives up.
  using on_close = std::function<void(result<v1::RunSummary>)>;

  explicit engine_core(engine_environment around);

  /// Begins a run; `then` is called by the commit that makes it durable.
  void submit(definition_ptr workflow, const input_values& inputs, const std::string& run_id,
              on_commit then);
  /// Takes over an unfinished run. Its new events are pending until the next commit.
  [[nodiscard]] result<void> resume(const std::string& run_id);
  [[nodiscard]] result<recovery> recover();
  void subscribe(event_callback callback) { subscribers_.push_back(std::move(callback)); }
  /// @returns a number for `forget`; 0 where `then` was called already.
  [[nodiscard]] std::uint64_t when_closed(const std::string& run_id, on_close then);
  void forget(std::uint64_t waiter);

  /// Also for runs of the store that are not at work here.
  [[nodiscard]] result<v1::RunSummary> summary(const std::string& run_id);
  [[nodiscard]] result<std::vector<v1::Event>> history(const std::string& run_id);
  [[nodiscard]] result<std::vector<run_entry>> list(const run_filter& filter);

  /// Records what is due by now: ends of waits, renewal of the lease.
  void fire_timers();
  /// When `fire_timers` has something to do next.
  [[nodiscard]] time_point next_due() const;
  /// Goes on with the commits as far as that needs no waiting: takes up the one that is over (tells
  /// who waits, starts attempts) and begins the next with all that is pending.
  void commit();
  /// Whether `commit` would begin one now.
  [[nodiscard]] bool may_commit() const { return !committing_ && !dirty_.empty(); }
  [[nodiscard]] std::chrono::steady_clock::duration last_commit_took() const {
    return last_commit_took_;
  }
  /// Starts no further attempts (what is scheduled is left to whoever recovers the runs), and commits
  /// what is pending, waiting for it.
  void drain();
  /// Fails everything that waits: nothing is recorded any more.
  void give_up(const error& why);

  /// The store's failure that stopped this engine.
  [[nodiscard]] const std::optional<error>& failed() const { return failed_; }
  [[nodiscard]] std::size_t attempts_in_flight() const { return in_flight_; }
  [[nodiscard]] std::size_t runs_at_work() const { return runs_.size(); }

private:
  /// What happened in a run and is not durable.
  struct unsettled {
    std::vector<v1::Event> events;
    /// Scheduled by these events and not started.
    std::vector<attempt_id> to_start;
    /// So many of the attempts that these events scheduled were started all the same.
    std::size_t started = 0;
    std::vector<on_commit> told_on_commit;
  };
  struct live_run {
    machine state;
    std::uint64_t epoch = 1;
    std::uint64_t committed = 0;
    /// For the next commit.
    unsettled pending;
    /// In the commit that is under way.
    unsettled committing;

    [[nodiscard]] std::size_t uncommitted() const { return pending.started + committing.started; }
  };
  struct waiter {
    std::string run_id;
    on_close then;
  };
  struct retry_timer {
    std::string run_id;
    instance_id instance;
    std::uint32_t attempt = 0;
  };
  struct started_attempt {
    std::string run_id;
    attempt_id attempt;
    time_point scheduled;
  };

  // engine_core.cpp: runs
  void submit_again(const std::string& run_id, const v1::RunStarted& wanted, on_commit then);
  [[nodiscard]] result<v1::RunStarted> beginning(const std::string& run_id);
  [[nodiscard]] result<void> take_over(const std::string& run_id, std::uint64_t epoch);
  [[nodiscard]] result<machine> load(const std::string& run_id);
  [[nodiscard]] result<void> check_agents(const definition& workflow) const;
  void record(const std::string& run_id, live_run& run, decltype(event::what) what);
  void carry_out(const std::string& run_id, live_run& run, const command& wanted);

  // engine_attempts.cpp
  void start_attempts();
  void start_uncommitted();
  void start_uncommitted(const std::string& run_id, live_run& run);
  void start_attempt(live_run& run, const started_attempt& wanted);
  [[nodiscard]] responder answer_to(const live_run& run, const started_attempt& wanted);
  void finish_attempt(const std::string& run_id, const attempt_id& attempt,
                      reply<message_ptr> answer);

  // engine_commit.cpp
  void begin_commit();
  void end_commit(finished_commit over);
  [[nodiscard]] result<void> append_one_by_one(std::vector<append_batch>& batches);
  [[nodiscard]] append_batch batch_of(const std::string& run_id, const live_run& run) const;
  void settle(const std::string& run_id, const unsettled& durable);
  void publish(const std::string& run_id, const v1::Event& committed);
  void drop(const std::string& run_id, const error& why);
  static void tell_submitters(live_run& run, const error& why);
  void tell_waiters(const std::string& run_id, const result<v1::RunSummary>& outcome);

  engine_environment around_;
  std::map<std::string, live_run> runs_;
  /// Runs with pending events.
  std::set<std::string> dirty_;
  std::multimap<time_point, retry_timer> timers_;
  std::deque<started_attempt> waiting_;
  std::size_t in_flight_ = 0;
  std::map<std::uint64_t, waiter> waiters_;
  std::uint64_t last_waiter_ = 0;
  std::vector<event_callback> subscribers_;
  /// Attempts started before they were durable, of all runs.
  std::size_t uncommitted_ = 0;
  time_point renew_at_;
  bool draining_ = false;
  /// A commit is under way.
  bool committing_ = false;
  std::chrono::steady_clock::duration last_commit_took_{};
  std::optional<error> failed_;
};

} // namespace troupe::workflow
