#pragma once

#include "actors/runtime/agent.hpp"
#include "actors/scheduling/placement/director.hpp"
#include "actors/scheduling/resources/ledger.hpp"
#include "actors/workflow/definition.hpp"
#include "actors/workflow/event.hpp"
#include "actors/workflow/run_end.hpp"
#include "actors/workflow/store.hpp"
#include "troupe/v1/history.pb.h"
#include "troupe/v1/run.pb.h"

#include <chrono>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace troupe {
class agent_system;
namespace scheduling {
class cost_learner;
}
} // namespace troupe

namespace troupe::workflow {

class engine_driver;
struct node_snapshot;

/// One attempt, on its way to an agent.
struct attempt_request {
  agent_name target;
  message_ptr payload;
  std::chrono::milliseconds timeout{};
  /// `RUN/STEP/INDEX`: the same for every attempt of an instance.
  std::string idempotency_key;
  /// The run's and the step's together.
  std::int32_t priority = 0;
  /// To be told of the attempt's signs of life and how far it has come; tells what an earlier one said, and whether the
  /// answer is still of use.
  std::shared_ptr<heartbeat_sink> pulse;
  /// Of its demand; 0: its step says nothing.
  std::uint64_t granted_memory_bytes = 0;
  /// Where it is to run, by name, and which life of that node; empty: in this process.
  std::string node{};
  std::uint64_t node_incarnation = 0;
};

/// Starts an attempt; never blocks. The responder is called exactly once, from any thread.
using attempt_starter = std::function<void(attempt_request, responder)>;

/// How much may be spent on second attempts, of steps with `speculate`.
struct speculation_budget {
  /// Of the attempts in flight at most such a part is second ones, but always one may be; 0: none is begun.
  double share = 0.1;
  /// Of one run, over all its time.
  std::size_t per_run = 100;
};

struct engine_options {
  static constexpr std::size_t unlimited = std::numeric_limits<std::size_t>::max();

  /// Attempts given to agents of this process at once, over all runs; other nodes have places of their own. The others wait here, by their priority, then in the order in which
  /// they became ready. An attempt that was timed out leaves its place.
  std::size_t max_attempts_in_flight = 256;
  /// For attempts of steps without `start_to_close` and `schedule_to_close`.
  std::chrono::milliseconds default_timeout{600'000};
  /// Effects that a crash may repeat, over all runs: attempts that were begun and whose end is not durable yet, those that
  /// agents have included, since nobody knows how far they are. Others wait meanwhile; `max_uncommitted` of a definition
  /// bounds it further, for each of its runs. At least 1; nothing is bounded by default, which is fastest. A store in
  /// memory bounds nothing: no crash of it repeats anything. docs/effects.md says what to pick.
  std::size_t max_uncommitted = unlimited;
  /// Attempts that may be started before the event that scheduled them is durable, over all runs, and no more of a run than
  /// `max_uncommitted` of its definition. They work while the disk does. A crash then loses that they were ever tried: they
  /// are tried again, with the same idempotency key and the same number. 0, the default: what is not in the history was not
  /// begun, so that also an attempt which ends its process is seen.
  std::size_t max_started_ahead = 0;
  /// What attempts may hold together, over all runs; `scheduling::discover_resources` finds it out. An attempt whose step has
  /// `resources` starts when its whole demand is free, by the rule of `scheduling::waiting_line`. A run with a step that
  /// demands more than this is refused. Held until the attempt ends: by its answer or its deadline, also where its run
  /// ended before, since its agent is at work until then.
  scheduling::resource_vector resources{};
  /// What kind of node this is, in the histories of its runs and in estimates of run times; `scheduling::node_class` finds a
  /// name. At most 200 bytes are kept.
  std::string node_class{};
  /// Who of the attempts that wait goes first, after tenants and priorities: a policy of `scheduling::online_policies`. It goes
  /// by what `costs` and definitions (`cost`) say of run times.
  std::string policy = "fifo";
  /// Learns how long attempts run, and says what is expected. nullptr: nothing is learnt.
  std::shared_ptr<scheduling::cost_learner> costs{};
  /// Shares of tenants, by name; 1 where it says nothing. Among those with attempts that wait, who has had least for its
  /// share goes first.
  std::map<std::string, double> tenant_weights{};
  /// A run whose history has so many events, or bytes, fails with "workflow.history_too_long": the attempt that ends next
  /// does, for good. What undoes the run's work then is not bounded.
  std::uint64_t max_history_events = 2'000'000;
  std::uint64_t max_history_bytes = std::uint64_t{8} << 30;
  /// Second attempts are begun only where no attempt waits, and a place and all that they demand are free.
  speculation_budget speculation{};
  /// So often the attempts of one instance are asked to give their place up; 0: never.
  std::uint8_t max_preemptions = 3;
  /// What this process is called among the nodes that attempts run on, in histories and in `placement` of steps.
  std::string node_name{};
  std::uint64_t node_incarnation = 0;
  /// The agents that this process has; absent: all that are asked for. None of them: it only gives work to other nodes.
  std::optional<scheduling::agent_offer> local_agents{};
  /// There may be other nodes later: what no node could ever hold waits instead of being refused.
  bool may_grow = false;
  /// What sending an attempt's request to a node takes, for `by_cost`; on the engine's thread. Empty: nothing.
  scheduling::transfer_estimate transfer{};
};

/// Why an attempt that is wanted has not started.
struct waiting_reason {
  enum class cause : std::uint8_t {
    /// It starts as soon as what scheduled it is durable.
    commit,
    /// All of `max_attempts_in_flight` are taken.
    slot,
    /// Part of its demand is taken: `missing`.
    resources,
    /// Its demand is free, but kept for one that waits in front of it: `kept_for`.
    reserved,
    /// As many as may hold `key`, or others wait for it in front.
    limit_concurrency,
    /// The rate of `key` has no room before `room_at`.
    limit_rate,
    /// As many effects as may be are not durable yet: `held` of `bound`, of its run or of all.
    uncommitted,
    /// No node has its agent, or is as its step's `placement` says: `wanted_node`.
    no_node,
    /// All that have it are suspect or draining: `away`.
    nodes_away,
    /// Of those that have it none could ever hold the demand; `node` is the nearest to it, `missing` what that lacks.
    too_large
  };

  instance_id instance;
  std::uint32_t attempt = 1;
  cause why = cause::slot;
  /// Attempts in flight, and how many may be.
  std::size_t slots_taken = 0, slots = 0;
  std::vector<scheduling::shortage> missing{};
  /// With several nodes the one that is nearest to having room, by name; slots and resources are its. Empty: this process.
  std::string node{};
  /// In words: what is looked for, and the nodes that have it and are given nothing, at most `most_named_nodes`.
  std::string wanted_node{}, away{};
  static constexpr std::size_t most_named_nodes = 8;
  /// `RUN/STEP/INDEX`.
  std::string kept_for{};
  /// Of a limit: its key, who hold it and how many may, and who wait for it in front. Of `uncommitted` the first two numbers.
  std::string key{};
  std::size_t held = 0, bound = 0, ahead = 0;
  std::optional<std::chrono::system_clock::time_point> room_at{};
  /// When it began to wait; what waits for a commit has not yet.
  std::optional<std::chrono::system_clock::time_point> since{};
};

/// `waits for: resources: cpu 1 of 2 taken by r/a/0 (2 demanded)`
[[nodiscard]] std::string to_string(const waiting_reason& shown);

struct submit_options {
  /// Empty: made from the time (`20261123-194512-417-k3f9w2md`).
  std::string run_id;
  /// Added to that of each step: among attempts that wait for a place higher goes first. From -`highest_priority` to
  /// `highest_priority`. What has a lower one may wait as long as there is something with a higher one.
  std::int32_t priority = 0;
  /// How long the run may take, from its start, in the place of its definition's `deadline`; 0: as that says. At most ten
  /// years. A run past it is ended as by a step's failure ("run.deadline_exceeded"), also where nobody had it at work when
  /// the time was over: then by whoever takes it over.
  std::chrono::nanoseconds deadline{};
  /// Whom it is for: up to 64 letters, digits, '.', '_' and '-'. Tenants share a node by their weights, however many runs each
  /// has. Empty: the one without a name. A run that a step starts is for the same.
  std::string tenant{};
  /// To find the run again (`run_filter::tags`): at most 32, keys of 1 to 64 letters, digits, '.', '_', '-', '/', values of at
  /// most 256 bytes of UTF-8 without control characters. Runs that steps start have none.
  run_tags tags{};
};

/// How a run is to be cancelled.
struct cancel_options {
  /// For people, in UTF-8, at most 1,000 bytes; kept in the history.
  std::string reason;
  /// How long the attempts that agents have are waited for: they are told (`call_context::cancelled`), what they complete is
  /// recorded, and undone where their steps say how. What has not answered then is abandoned, and told that as well
  /// (`call_context::abandoned`). At most a day. 0: nothing is waited for.
  std::chrono::milliseconds grace{30'000};
  /// Nothing is waited for, and nothing is undone, also where the run undoes what it has done already. Runs that it started
  /// are ended in the same way.
  bool force = false;
};

/// What `cancel` came to.
enum class cancellation {
  /// The run is closed as cancelled.
  done,
  /// It is at work in another process, which ends it within a second or so; where that one is gone, whoever recovers the
  /// run does.
  requested,
  /// It undoes what it has done (`compensate` in its definition), and closes then: here where it is at work here, else
  /// by its owner, or by whoever recovers it.
  compensating,
  /// It is at work here, and waits for what agents have; it ends, or turns to undo what it has done, when they have answered
  /// or the time of grace is over.
  cancelling
};

/// Something that a run is told.
struct run_signal {
  /// As steps of its definition name it.
  std::string name;
  /// The payload as a JSON object, of the type that these steps declare; at most 256 KiB.
  std::string json = "{}";
  /// Makes repeating safe: of several with the same id in one run the first counts. Empty: one is made.
  std::string id;
};

/// What `signal` came to.
enum class signal_outcome {
  /// It is in the run's history.
  recorded,
  /// The run is not at work here: whoever has it records the signal within a second or so, or whoever takes it over.
  kept
};

/// A value of a run.
struct query_answer {
  /// As Protobuf spells it, e.g. `string`, `list of troupe.v1.FileInfo`; `object` of what has no such type.
  std::string type;
  /// With the names of fields that paths have.
  std::string json;
};

/// A node that attempts may run on, and what it has at work.
struct node_at_work {
  scheduling::node_description is;
  std::size_t in_flight = 0;
  scheduling::resource_vector free{};
  /// Sum of what its attempts in flight are expected to take, in seconds.
  double work_seconds = 0;
};

/// What `recover` found.
struct recovery {
  /// Runs that go on.
  std::vector<std::string> runs;
  /// Runs that do not, with the reason (at work elsewhere, damaged, an agent missing, cancelled).
  std::vector<std::pair<std::string, error>> refused;
};

/// As `ended_callback`, with the run's summary, which may be kept.
using closed_callback = std::function<void(result<v1::RunSummary>)>;

/// A committed event of a run.
using event_callback = std::function<void(const std::string& run_id, const v1::Event& committed)>;

/// Runs workflows durably: each transition of a run is committed to the store before its attempts
/// start. A thread of its own holds the runs and the store; all members but `run` may be called from any
/// thread that is no CAF worker (they wait for that thread) and return within the store's busy
/// timeout unless they say otherwise. With a store that never waits (`make_memory_store`) and an agent system there is no
/// such thread: whoever comes first, an agent with its answer or a caller, does the engine's work, one at a time.
///
/// When the store fails, nothing goes on: every member returns `engine_failed` with the store's
/// reason, and what was committed is recovered by the next engine.
class engine {
public:
  /// @param agents outlives the engine.
  [[nodiscard]] static result<std::unique_ptr<engine>>
  start(agent_system& agents, std::unique_ptr<store> history, engine_options options = {});
  /// As above, for hosts that run attempts elsewhere.
  /// @param agents outlives the engine; its types are looked up when a run is resumed.
  [[nodiscard]] static result<std::unique_ptr<engine>> start(const agent_types& agents,
                                                             attempt_starter starter,
                                                             std::unique_ptr<store> history,
                                                             engine_options options = {});
  ~engine();
  engine(const engine&) = delete;
  engine& operator=(const engine&) = delete;

  /// Makes a run and commits its start. Where the run of this id has the same definition and the
  /// same inputs, it is that run which is meant: an unfinished one that nobody has at work goes on.
  /// So a submission may be repeated when its answer was lost.
  /// @param inputs complete and typed: `complete_inputs` or `parse_inputs`.
  /// @returns its id; `bad_run_id`, `bad_input` (an odd priority or tenant, too); `run_exists` where that run is another one;
  ///   `demand_too_large` where a step demands more than this engine has.
  [[nodiscard]] result<std::string> submit(definition_ptr workflow, const input_values& inputs,
                                           const submit_options& options = {});
  /// The same, and tells how the run ended: on the engine's thread, at the latest when the engine stops. Any thread;
  /// does not wait, so that agents may start runs, too.
  void run(definition_ptr workflow, input_values inputs, const submit_options& options,
           closed_callback then);
  /// The same for many short runs: nothing is made that `then` does not ask for.
  void run(definition_ptr workflow, input_values inputs, const submit_options& options,
           ended_callback then);
  /// Takes over every unfinished run of the store that no live owner has.
  [[nodiscard]] result<recovery> recover();
  /// Takes over one unfinished run; nothing happens when this engine runs it already.
  /// @returns `run_unknown`, `run_closed`, `run_cancelled` (also where that was only asked for so far), `run_owned`,
  ///   `agent_missing`, `demand_too_large`, `history_unreadable`, `history_mismatch`.
  [[nodiscard]] result<void> resume(const std::string& run_id);
  /// Ends an open run of the store, wherever it is at work. From now on nothing is begun, and the attempts that agents have
  /// are told and waited for, for a time of grace. Once this returns the run is not gone on with, also after a crash. May be
  /// repeated: a shorter grace, or force, makes the end come sooner; the first reason stays.
  /// @returns `run_unknown`, `run_closed`, `run_cancelled`, `bad_input` (the reason, the grace).
  [[nodiscard]] result<cancellation> cancel(const std::string& run_id,
                                            const cancel_options& how = {});
  /// With the usual grace.
  [[nodiscard]] result<cancellation> cancel(const std::string& run_id, const std::string& reason);

  /// Tells an open run of the store something, wherever it is at work. A signal that no step awaits yet is kept for the
  /// one that will. Once this returns it is durable.
  /// @returns `run_unknown`, `run_closed`, `run_cancelled`, `bad_signal` (a name that no step awaits, a payload of another
  ///   type).
  [[nodiscard]] result<signal_outcome> signal(const std::string& run_id, const run_signal& sent);

  /// Attempts may run on this node, too. One that is there with the same incarnation has these agents, places and state from
  /// now on; with an older incarnation that one is removed first.
  /// @returns `bad_input` (no name, that of this process), `node_unknown` where a later incarnation is there.
  [[nodiscard]] result<void> add_node(scheduling::node_description added);
  /// These are the nodes beside this one: adds them, and removes all others.
  [[nodiscard]] result<void> set_nodes(std::vector<scheduling::node_description> all);
  /// @param state what is not `active` is given no new attempts; what it has goes on.
  /// @returns `node_unknown`.
  [[nodiscard]] result<void> set_node_state(const std::string& name, std::uint64_t incarnation,
                                            scheduling::node_state state);
  /// Nothing new there from now on, whichever life of it is there; also of this process, by its name.
  [[nodiscard]] result<void> drain_node(const std::string& name);
  /// The node is gone, in this life or an earlier one. Its attempts in flight are lost, as those are whose process ended: they
  /// are recorded so, do not count as failures, and are tried again at once. What they still answer is refused.
  /// @returns how many these were; `node_unknown`, also where a later incarnation is there, which stays.
  [[nodiscard]] result<std::size_t> remove_node(const std::string& name, std::uint64_t incarnation);
  /// This process first, then by when they were added.
  [[nodiscard]] result<std::vector<node_at_work>> nodes();

  /// Calls `callback` with every event of this engine's runs after it is committed, in order within
  /// a run, on the engine's thread: keep it short, and do not call the engine from it. Ends with
  /// the engine; one that throws is logged and not called again.
  void subscribe(event_callback callback);

  /// Waits until the run is closed. Returns at once for a closed run of the store.
  /// @returns `timed_out`, `run_unknown`, `engine_stopped`, `engine_failed`.
  [[nodiscard]] result<v1::RunSummary> wait(const std::string& run_id,
                                            std::chrono::milliseconds timeout);

  /// Runs of the store, newest first.
  [[nodiscard]] result<std::vector<run_entry>> list(const run_filter& filter = {});
  [[nodiscard]] result<v1::RunSummary> summary(const std::string& run_id);
  [[nodiscard]] result<std::vector<v1::Event>> history(const std::string& run_id);
  /// Reads a value of a run as it stands at one moment, wherever it is at work.
  /// @param path `steps.ID[.FIELD...]` (of a step with `for_each` the list of the replies so far), `steps.ID[INDEX][.FIELD...]`,
  ///   `inputs.NAME`, `run[.FIELD...]` (a troupe.v1.RunSummary), `status`, `progress[.ID]` (how many instances stand where),
  ///   `heartbeats[.ID]` (what attempts at work here said last).
  /// @returns `run_unknown`; `bad_query` for a path that names nothing or does not fit its type; `no_value` where there is
  ///   none yet.
  [[nodiscard]] result<query_answer> query(const std::string& run_id, const std::string& path);
  /// Why the attempts of a run that are wanted and not in flight have not started, in the order in which they wait; empty
  /// for a run that is not at work here.
  [[nodiscard]] result<std::vector<waiting_reason>> waiting(const std::string& run_id);

  /// What is at work here and what waits, at one moment; what is long is cut (`snapshot_bounds`), so that the engine's
  /// thread, which makes it, is soon free again.
  [[nodiscard]] result<node_snapshot> snapshot();

  /// Refuses new work, commits what has arrived, gives its runs free and joins the thread. Attempts
  /// in flight are abandoned: the next engine that recovers their runs tries them again. Returns
  /// within the time of two commits (each at most the store's busy timeout). Called by the destructor too.
  void stop();

private:
  explicit engine(std::unique_ptr<engine_driver> driver);
  std::unique_ptr<engine_driver> driver_;
};

} // namespace troupe::workflow
