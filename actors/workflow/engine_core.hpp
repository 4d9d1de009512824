#pragma once

#include "actors/scheduling/limits/key_limits.hpp"
#include "actors/scheduling/online/ready_order.hpp"
#include "actors/scheduling/placement/placing.hpp"
#include "actors/scheduling/resources/fair_shares.hpp"
#include "actors/scheduling/resources/ledger.hpp"
#include "actors/scheduling/resources/waiting_line.hpp"
#include "actors/workflow/definition_cache.hpp"
#include "actors/workflow/engine_counters.hpp"
#include "actors/workflow/engine_environment.hpp"
#include "actors/workflow/engine_records.hpp"

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

namespace troupe::workflow {

/// A lease is renewed when a third of it is over, so that two renewals may fail.
inline constexpr int renewals_per_lease = 3;
/// Runs that are taken over in one transaction.
inline constexpr std::size_t claims_at_once = 500;
/// Events of one run that a lazy engine gathers for a commit at most.
inline constexpr std::size_t most_gathered = 64;
/// How often an engine with runs looks whether somebody wants one to be cancelled or told something.
inline constexpr std::chrono::milliseconds request_poll_interval{500};

struct attempt_pulse;

/// Drives the machines of all runs of one engine: records events, commits them, starts attempts. No
/// thread and no clock of its own: whoever owns it calls it from one thread, and calls `commit`
/// when it has no more to say for now. So all that happened in between is one commit, over all
/// runs.
class engine_core : engine_records {
public:
  using engine_records::on_cancel;
  using engine_records::on_close;
  using engine_records::on_commit;
  using engine_records::on_end;
  using engine_records::on_signal;

  explicit engine_core(engine_environment around);

  /// Begins a run; `then` is called by the commit that makes it durable.
  /// @param options with a run id.
  void submit(definition_ptr workflow, const input_values& inputs, const submit_options& options,
              on_commit then);
  /// Takes over an unfinished run. Its new events are pending until the next commit.
  [[nodiscard]] result<void> resume(const std::string& run_id);
  [[nodiscard]] result<recovery> recover();
  void cancel(const std::string& run_id, const cancel_options& how, on_cancel then);
  void signal(const std::string& run_id, const run_signal& sent, on_signal then);
  void subscribe(event_callback callback) { subscribers_.push_back(std::move(callback)); }
  /// @returns a number for `forget`; 0 where `then` was called already.
  [[nodiscard]] std::uint64_t when_ended(const std::string& run_id, on_end then);
  [[nodiscard]] std::uint64_t when_closed(const std::string& run_id, on_close then);
  void forget(std::uint64_t waiter);

  /// Also for runs of the store that are not at work here.
  [[nodiscard]] result<v1::RunSummary> summary(const std::string& run_id);
  [[nodiscard]] result<std::vector<v1::Event>> history(const std::string& run_id);
  [[nodiscard]] result<std::vector<run_entry>> list(const run_filter& filter);
  [[nodiscard]] std::vector<waiting_reason> waiting(const std::string& run_id) const;
  [[nodiscard]] result<query_answer> query(const std::string& run_id, std::string_view path);
  /// Takes time in what it shows, which is bounded.
  [[nodiscard]] node_snapshot snapshot() const;

  // As those of `engine`.
  [[nodiscard]] result<void> add_node(scheduling::node_description added);
  [[nodiscard]] result<void> set_nodes(std::vector<scheduling::node_description> all);
  [[nodiscard]] result<void> set_node_state(const std::string& name, std::uint64_t incarnation,
                                            scheduling::node_state state);
  [[nodiscard]] result<void> drain_node(const std::string& name);
  [[nodiscard]] result<std::size_t> remove_node(const std::string& name, std::uint64_t incarnation);
  [[nodiscard]] std::vector<node_at_work> nodes() const;

  /// Records what is due by now: ends of waits and of limits, renewal of the lease, wishes to cancel.
  void fire_timers();
  /// When a timer or the renewal is due next.
  [[nodiscard]] time_point next_due() const;
  /// The same, or the next look at the wishes to cancel.
  [[nodiscard]] time_point next_wake() const;
  /// Goes on with the commits as far as that needs no waiting: hands over all that is pending, and
  /// takes up what is over (tells who waits, starts attempts).
  void commit();
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
  /// Who holds what of the resources.
  [[nodiscard]] const scheduling::ledger& resources() const { return pool_.find(here_)->books; }
  [[nodiscard]] const scheduling::node_pool& pool() const { return pool_; }
  /// Who holds which keys, and who waits for some.
  [[nodiscard]] const scheduling::key_limits& limits() const { return limits_; }
  [[nodiscard]] std::size_t timers_armed() const { return timers_.size(); }
  [[nodiscard]] std::size_t runs_at_work() const { return runs_.size(); }

private:
  // engine_submit.cpp
  void submit_again(const std::string& run_id, const v1::RunStarted& wanted, on_commit then);
  [[nodiscard]] result<v1::RunStarted> beginning(const std::string& run_id);

  // engine_core.cpp: runs
  [[nodiscard]] result<void> go_on(const std::string& run_id, std::uint64_t epoch,
                                   std::span<const cancel_request> unwanted);
  [[nodiscard]] result<void> recover_some(std::span<const std::string> run_ids, recovery& into);
  [[nodiscard]] result<void> take_over(const std::string& run_id, std::uint64_t epoch);
  [[nodiscard]] result<machine> load(const std::string& run_id,
                                     std::uint64_t* size_bytes = nullptr);
  [[nodiscard]] result<void> check_agents(const definition& workflow) const;
  void record(const std::string& run_id, live_run& run, decltype(event::what) what);
  void carry_out(const std::string& run_id, live_run& run, const command& wanted);

  // engine_attempts.cpp
  void start_attempts();
  void start_at_once();
  void start_ahead();
  void start_ahead(const std::string& run_id, live_run& run, unsettled& part);
  void await_place(const std::string& run_id, live_run& run, attempt_id attempt);
  void start_now(std::string run_id, live_run& run, attempt_id attempt, scheduling::node_number on);
  void start_attempt(live_run& run, started_attempt wanted, time_point now);
  [[nodiscard]] std::shared_ptr<flight> take_off(live_run& run, started_attempt wanted,
                                                 time_point deadline, time_point now);
  [[nodiscard]] responder answer_to(std::shared_ptr<flight> here);
  void land(const std::shared_ptr<flight>& here, reply<message_ptr> answer, time_point ended);
  void leave_place(flight& here);
  static void call_off(live_run& run);
  static void call_off(live_run& run, const attempt_id& attempt);
  bool finish_attempt(const std::string& run_id, const attempt_id& attempt,
                      reply<message_ptr> answer, std::optional<attempt_timing> timing = {});

  // engine_uncommitted.cpp
  [[nodiscard]] bool may_begin() const;
  [[nodiscard]] bool places_full() const;
  [[nodiscard]] bool at_bound(const live_run& run) const;
  [[nodiscard]] std::size_t uncommitted_bound(const live_run& run) const;
  void count_begun(live_run& run, flight& here);
  void count_ended(flight& here, live_run* run, bool recorded);
  void count_durable(const unsettled& part, live_run* run);
  [[nodiscard]] bool hold_back(waiting_attempts& from, waiting_attempts::iterator which);
  void let_go_on(live_run& run);
  void forget_held(const live_run& run);
  void describe_uncommitted(const started_attempt& wanted, waiting_reason& into) const;

  // engine_second.cpp
  void watch_for_lateness(live_run& run, const std::shared_ptr<flight>& here);
  [[nodiscard]] std::optional<duration> time_before_late(const live_run& run,
                                                         const flight& here) const;
  void line_up_seconds();
  void start_seconds();
  void begin_seconds();
  void begin_second(live_run& run, const flight& late);
  [[nodiscard]] bool has_budget(const live_run& run) const;
  [[nodiscard]] std::optional<scheduling::node_number>
  idle_node(const live_run& run, const attempt_id& attempt, const pulse* beside);
  [[nodiscard]] std::optional<scheduling::key_limits::hold_id>
  try_keys(const live_run& run, const attempt_id& attempt, bool take);
  void forget_seconds(const unsettled& part);

  // engine_preempt.cpp
  void ask_for_places();
  [[nodiscard]] std::optional<waiting_key> first_in_line();
  [[nodiscard]] std::vector<flight*> victims_anywhere(waiting_key first, const live_run& run,
                                                      const attempt_id& wanted);
  [[nodiscard]] std::optional<std::vector<flight*>>
  victims_for(std::int32_t priority, const scheduling::resource_vector& demand,
              scheduling::node_number on);
  [[nodiscard]] bool gives_its_place(const live_run& run, const attempt_id& attempt,
                                     const pulse& said, const failure& why) const;

  // engine_history_limit.cpp
  [[nodiscard]] std::optional<failure> too_long(const live_run& run) const;

  // engine_timing.cpp
  [[nodiscard]] run_host host() const;
  [[nodiscard]] duration full_time(time_point now) const;
  void note_places(time_point now);
  void note_missing();
  void add_waits(attempt_timing& made, const started_attempt& waited, time_point now) const;

  // engine_resources.cpp
  [[nodiscard]] result<void> check_demands(const definition& workflow) const;
  [[nodiscard]] result<void> check_demands_of(const definition& workflow) const;
  [[nodiscard]] std::optional<started_attempt> take_next();
  [[nodiscard]] started_attempt take(waiting_attempts& from, waiting_attempts::iterator which);
  void skip_stale();
  [[nodiscard]] bool is_stale(const started_attempt& wanted) const;
  [[nodiscard]] bool may_overtake(const scheduling::resource_vector& demand) const;
  [[nodiscard]] waiting_reason reason_of(waiting_key key, const started_attempt& wanted) const;
  [[nodiscard]] std::optional<scheduling::placed> next_in_line();

  // engine_nodes.cpp: which nodes there are
  void remove_life(scheduling::node_number gone);
  void lose(const std::shared_ptr<flight>& gone, const scheduling::node_description& with);
  void nodes_changed();

  // engine_placement.cpp: which of them an attempt runs on
  void place_on_several();
  [[nodiscard]] bool wants_several(const step& of) const;
  [[nodiscard]] scheduling::need_number need_of(const step& of);
  [[nodiscard]] const step_costs& costs_of(const live_run& run, const step& of);
  [[nodiscard]] double expected_on(const live_run& run, const step& of,
                                   const std::string& node_class);
  [[nodiscard]] scheduling::placement_request request_for(const live_run& run,
                                                          const instance_id& instance);
  [[nodiscard]] std::optional<scheduling::node_number> node_for(const live_run& run,
                                                                const instance_id& instance);
  [[nodiscard]] std::optional<scheduling::placed> next_placed();
  [[nodiscard]] std::optional<waiting_key> first_that_could_start() const;
  void board(live_run& run, const std::shared_ptr<flight>& made, const step& of, time_point now);
  void describe_nodes(waiting_key key, const started_attempt& wanted, waiting_reason& into) const;
  void describe_wanted(scheduling::need_number need, const step& of, waiting_reason& into) const;
  [[nodiscard]] result<void> check_demand_on_several(const step& of) const;
  [[nodiscard]] const std::string& class_of(const attempt_timing& timing) const;

  // engine_limits.cpp
  [[nodiscard]] static std::vector<scheduling::key_limit>
  limits_of(const live_run& run, const attempt_id& attempt, std::vector<std::string> keys);
  [[nodiscard]] bool park(const std::string& run_id, const live_run& run, waiting_key key,
                          const attempt_id& attempt);
  void admit();
  void unpark(waiting_key key);
  void join_line(live_run& run, waiting_attempts::node_type waits);
  [[nodiscard]] started_attempt claim(waiting_attempts& from, waiting_attempts::iterator which);
  [[nodiscard]] waiting_attempts& place_of(waiting_key key);
  [[nodiscard]] bool describe_limit(waiting_key key, waiting_reason& into) const;

  // engine_live.cpp
  void show_waiting(node_snapshot& into) const;
  void show_at_work(node_snapshot& into) const;
  void show_tenants(node_snapshot& into, const std::map<std::string, std::size_t>& in_flight) const;
  void show_keys(node_snapshot& into) const;

  // engine_query.cpp
  [[nodiscard]] static std::vector<attempt_pulse> pulses_of(const live_run& run);
  // engine_policy.cpp
  [[nodiscard]] double expected_seconds(const definition& workflow, const step& of) const;
  [[nodiscard]] std::vector<std::pair<std::size_t, double>> load_of(const step& of) const;
  [[nodiscard]] double dominant_share(const step& of) const;
  [[nodiscard]] run_plan& plan_of(live_run& run);
  [[nodiscard]] double order_of(live_run& run);
  void line_up(waiting_key key, live_run& run, started_attempt& wanted);
  void note_progress(const std::string& run_id, live_run& run);
  void reorder_runs();
  void charge(started_attempt& granted);
  void settle_charge(const flight& over);
  void learn(live_run& run, const attempt_id& attempt, const attempt_timing& timing);

  // engine_timers.cpp
  void renew_lease(time_point now);
  void fire(const retry_timer& due);
  void fire(const close_timer& due);
  void fire(const start_timer& due);
  void fire(const deadline_timer& due);
  void fire(const heartbeat_timer& due);
  void fire(const wait_timer& due);
  void fire(const run_timer& due);
  void fire(const straggler_timer& due);
  void arm_run_timer(const std::string& run_id, live_run& run);
  void arm_close_timer(const std::string& run_id, live_run& run, const instance_id& instance,
                       time_point due);
  void disarm_close_timer(live_run& run, const instance_id& instance);
  void disarm_timers(live_run& run);

  // engine_signals.cpp
  void begin_waiting(const std::string& run_id, live_run& run, const start_waiting& wanted);
  [[nodiscard]] result<message_ptr> payload_of(const run_signal& sent, const definition& workflow,
                                               const std::string& run_id) const;
  void signal_here(const std::string& run_id, live_run& run, const run_signal& sent,
                   on_signal then);
  [[nodiscard]] result<signal_outcome> signal_elsewhere(const std::string& run_id,
                                                        const run_signal& sent);
  void record_signal(const std::string& run_id, live_run& run, signal_received happened);
  void poll_signals();
  void take_signal(const signal_request& kept);

  // engine_children.cpp
  void begin_child(const std::string& run_id, live_run& run, const attempt_id& attempt);
  [[nodiscard]] reply<std::pair<definition_ptr, input_values>>
  child_of(const std::string& run_id, const live_run& run, const instance_id& instance) const;
  [[nodiscard]] std::size_t level_of(const std::string& run_id) const;
  void launch_child(const std::string& run_id, live_run& run, const attempt_id& attempt);
  void look_later(const std::string& run_id, const attempt_id& attempt);
  void refuse_later(const std::string& run_id, const attempt_id& attempt, failure why);
  void look_at_child(const std::string& run_id, const attempt_id& attempt);
  void take_child_over(const std::string& run_id, live_run& run, const attempt_id& attempt,
                       const std::string& child);
  void await_or_lose(const std::string& run_id, const attempt_id& attempt, const error& why);
  void cancel_open_child(const std::string& run_id, const cancel_child& wanted);
  void tell_parent(const machine& child);
  void give_child_up(const std::string& child, const std::string& parent, duration grace = {});
  [[nodiscard]] duration grace_left(const machine& run) const;
  void rearm_close_timer(const std::string& run_id, live_run& run, const instance_id& instance);
  void poll_children();

  // engine_cancel.cpp
  void poll_requests(time_point now);
  void poll_cancels();
  void begin_cancel(const std::string& run_id, live_run& run, const cancel_request& wish);
  void await_attempts(const std::string& run_id, live_run& run, const cancel_request& wish);
  void hasten_cancel(const std::string& run_id, live_run& run, time_point due);
  void end_cancelling(const std::string& run_id, live_run& run, const std::string& reason);
  void force_cancel(const std::string& run_id, live_run& run, const std::string& reason);
  void turn_back(const std::string& run_id, live_run& run, run_compensating why);
  /// What cancelling a run of the store takes.
  struct unfinished_work {
    /// Somebody who knows its agents: there is something to undo.
    bool must_be_undone = false;
    /// Runs that it has started.
    std::vector<std::string> children;
  };
  [[nodiscard]] result<unfinished_work> unfinished_work_of(const std::string& run_id);
  [[nodiscard]] result<bool> cancel_children_elsewhere(const std::string& run_id,
                                                       const std::vector<std::string>& children,
                                                       bool force);
  [[nodiscard]] result<cancellation> cancel_elsewhere(const cancel_request& wanted);
  [[nodiscard]] static const cancel_request* wish_of(const std::string& run_id,
                                                     std::span<const cancel_request> among);
  [[nodiscard]] error why_closed(const std::string& run_id, error found) const;
  [[nodiscard]] result<void> close_cancelled(const cancel_request& wanted, std::uint64_t epoch);

  // engine_commit.cpp
  void want_commit(const std::string& run_id, live_run& run);
  void want_all_committed();
  void hand_over();
  void end_commit(const finished_commit& over);
  [[nodiscard]] std::vector<std::pair<handed_over, const event_list*>>
  take_back(const finished_commit& over);
  [[nodiscard]] live_run* run_of(const handed_over& part);
  [[nodiscard]] unsettled& last_unsettled(const std::string& run_id, live_run& run);
  [[nodiscard]] static append_batch batch_of(const std::string& run_id, live_run& run);
  void settle(const std::string& run_id, live_run& run, const unsettled& durable,
              const event_list& events);
  void close(const std::string& run_id, live_run& run);
  void publish(const std::string& run_id, const event_list& committed);
  void publish(const std::string& run_id, const v1::Event& committed);
  void drop(const std::string& run_id, const error& why);
  static void tell_submitters(unsettled& lost, const error& why);
  void tell_waiters(const std::string& run_id, const result<run_end>& how);

  engine_environment around_;
  /// `around_.post`, shared by the responders.
  std::shared_ptr<const std::function<void(std::function<void()>)>> post_;
  std::unordered_map<std::string, live_run> runs_;
  std::uint64_t last_serial_ = 0;
  /// Runs with pending events that are to be committed, each once, the first one first.
  std::vector<std::string> dirty_;
  /// The store does not wait: nothing is gained by a commit before anybody could see it, and attempts need not wait for
  /// one.
  const bool lazy_;
  /// Of a lazy engine: scheduled and not started.
  std::deque<std::pair<std::string, attempt_id>> at_once_;
  /// In the order of the commits.
  std::deque<handed_over> handed_;
  timers timers_;
  /// Those without a demand.
  waiting_attempts waiting_;
  /// Those with one.
  waiting_attempts demanding_;
  /// Those that wait for room at their keys; `limits_` has all with such.
  waiting_attempts parked_;
  /// Those that wait until less of their run is uncommitted.
  waiting_attempts held_;
  /// Their keys by their runs, with those of some that waited there.
  std::unordered_map<std::string, std::set<waiting_key>> held_by_run_;
  scheduling::key_limits limits_;
  /// Has the keys of both.
  scheduling::waiting_line line_;
  scheduling::ready_order policy_;
  scheduling::fair_shares shares_;
  /// Runs in which something ended, so that they may stand elsewhere in the line.
  std::vector<std::string> moved_;
  time_point began_;
  /// Those of them for which nobody has looked yet what is missing.
  std::vector<waiting_key> fresh_;
  /// The nodes that attempts run on, this process among them.
  scheduling::node_pool pool_;
  static constexpr scheduling::node_number here_ = 0;
  /// There is more to decide than whether this process has room: there are or were other nodes, or steps that ask for some.
  bool several_ = false;
  scheduling::placing placing_;
  /// What other nodes have, in the order in which they were given it.
  std::unordered_map<scheduling::node_number, std::map<std::uint64_t, std::shared_ptr<flight>>>
      elsewhere_;
  std::uint64_t last_remote_ = 0;
  std::unordered_map<const step*, step_costs> costs_;
  std::uint64_t last_waiting_ = 0;
  std::size_t in_flight_ = 0;
  /// Attempts that take long, while there was no room for others beside them.
  std::vector<std::shared_ptr<flight>> late_;
  /// Begun beside others and durable, and not started.
  std::vector<std::pair<std::string, attempt_id>> seconds_;
  /// The same, not durable; and those that agents have.
  std::size_t seconds_unsettled_ = 0, seconds_in_flight_ = 0;
  /// Of steps that are preemptible, in flight.
  std::vector<std::shared_ptr<flight>> preemptible_;
  node_snapshot::counters counted_;
  /// How long all places were taken, summed up, and since when they are.
  duration full_time_{};
  std::optional<time_point> full_since_;
  /// By their runs.
  std::unordered_multimap<std::string, waiter> waiters_;
  std::uint64_t last_waiter_ = 0;
  definition_cache definitions_;
  std::vector<event_callback> subscribers_;
  /// Attempts that were begun and whose end is not durable, of all runs; those started before they were durable.
  std::size_t uncommitted_ = 0, ahead_ = 0;
  /// Attempts whose runs are at work in another process.
  std::vector<std::pair<std::string, attempt_id>> children_elsewhere_;
  time_point renew_at_;
  time_point poll_at_;
  /// Why the signals that are kept could not be read: said once.
  std::string signals_unread_;
  bool draining_ = false;
  std::chrono::steady_clock::duration last_commit_took_{};
  std::optional<error> failed_;
};

} // namespace troupe::workflow
