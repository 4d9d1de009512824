#pragma once

#include "actors/runtime/agent.hpp"
#include "actors/runtime/agent_router.hpp"
#include "actors/runtime/dead_letters.hpp"
#include "actors/runtime/executor.hpp"
#include "actors/runtime/supervisor.hpp"
#include "actors/runtime/timer.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace troupe {

namespace runtime {
class core;
}

struct agent_system_options {
  /// Threads that run handlers of agents that do not block; 0 for one per processor.
  std::size_t worker_threads = 0;
  /// Where blocking handlers run; a thread pool by default. Shared with, and stopped by, the
  /// system.
  std::shared_ptr<executor> blocking{};
  /// Serves deadlines and back-off; one with its own thread by default. Shared with, and stopped
  /// by, the system.
  std::shared_ptr<timer> clock{};
  /// Where messages are kept that made their agent throw too often; in memory by default.
  std::shared_ptr<dead_letter_store> dead_letters{};
  /// Told when an agent has spent its restart budget.
  escalation_callback on_escalation{};
  /// How long `stop` lets requests in flight finish before it fails them with "runtime.stopping".
  std::chrono::milliseconds drain_bound = runtime::defaults::drain_bound;
};

/// Counters since start; each is exact, together they are not a snapshot of one moment.
struct agent_system_metrics {
  std::uint64_t requests = 0;
  /// Answered with a reply.
  std::uint64_t replies = 0;
  /// Answered with a failure, of whatever kind; the next four are among them.
  std::uint64_t failures = 0;
  std::uint64_t deadlines_exceeded = 0;
  /// Requests and one-way messages that met a full mailbox.
  std::uint64_t mailbox_rejections = 0;
  /// Of these, for its bytes rather than its count.
  std::uint64_t mailbox_byte_rejections = 0;
  /// Thrown by handlers, and by continuations wherever they run.
  std::uint64_t handler_exceptions = 0;
  std::uint64_t answers_forgotten = 0;
  /// Answers that came after the request was answered; dropped.
  std::uint64_t late_answers = 0;
  std::uint64_t activations = 0;
  std::uint64_t restarts = 0;
  std::uint64_t agents_down = 0;
  /// Agents that spent their restart budget.
  std::uint64_t escalations = 0;
  /// Messages that were put away as dead letters.
  std::uint64_t quarantined = 0;
  /// Of these, those that could not be kept.
  std::uint64_t dead_letters_lost = 0;
  /// One-way messages, which none of the above counts.
  std::uint64_t one_way = 0;
  /// Of these, refused to their sender.
  std::uint64_t one_way_refused = 0;
  /// Of these, accepted and then lost: the agent failed or was down, or the time was over.
  std::uint64_t one_way_lost = 0;
  /// Requests without an answer, and one-way messages without an end, at this moment.
  std::uint64_t in_flight = 0;
};

/// The agents of one process: registry of types, directory of agents, supervision and deadlines.
/// Every agent is a CAF actor with a bounded mailbox, made at the first request for its name.
/// Several systems may live in one process. All members may be called by any thread, except where
/// they say otherwise.
///
/// Failures that the runtime itself answers (retryable: yes or no):
/// | type | when |
/// |---|---|
/// | runtime.bad_agent_name, runtime.unknown_agent_type (no) | no such target |
/// | runtime.wrong_request_type, runtime.wrong_reply_type (no) | a payload that the agent type does not declare |
/// | runtime.mailbox_full, runtime.executor_full (yes) | too much waits already |
/// | runtime.request_too_large (no) | the request alone is more than the agent's mailbox takes |
/// | runtime.deadline_exceeded (yes) | no answer in time |
/// | runtime.agent_failed (yes) | the handler threw |
/// | runtime.agent_down (no) | the agent failed too often, or its supervisor did, and stays down |
/// | runtime.quarantined (no) | the message made the agent throw too often; it is a dead letter now |
/// | runtime.no_answer (yes) | the agent let go of the request without an answer |
/// | runtime.stopping (no) | the system stops |
/// | runtime.would_block (no) | a waiting call on a thread that must not wait |
class agent_system final : public agent_types {
public:
  /// Starts threads. @returns `runtime_errc::bad_option` or `runtime_errc::cannot_start`.
  [[nodiscard]] static result<std::unique_ptr<agent_system>>
  start(agent_system_options options = {});

  /// Calls `stop`.
  ~agent_system() override;
  agent_system(const agent_system&) = delete;
  agent_system& operator=(const agent_system&) = delete;

  /// Registers an agent type, before or after requests began. @returns `bad_agent_type` (no name,
  /// no method, no factory), `duplicate_agent_type` or `stopping`.
  [[nodiscard]] result<void> add(agent_type type);

  /// Adds a supervisor, before the supervisors and agent types below it. @returns `bad_supervisor` or `stopping`.
  [[nodiscard]] result<void> add(supervisor one);

  [[nodiscard]] const agent_type* find(std::string_view type) const override;
  /// Sorted.
  [[nodiscard]] std::vector<std::string> names() const override;

  /// Sends `payload` to `target`, which is activated if need be. Never blocks. `then` runs exactly
  /// once, at the latest (within `defaults::timer_step`) when the timeout ends: on a thread of the
  /// runtime or, when the request is refused, on this one before the function returns. It must not
  /// block.
  void request(agent_name target, message_ptr payload, request_options options, responder then);

  /// Sends and waits. For threads of the host and of the blocking executor; on a thread that runs
  /// agents it answers "runtime.would_block" at once.
  [[nodiscard]] reply<message_ptr> request_and_wait(agent_name target, message_ptr payload,
                                                    request_options options = {});

  /// Sends `payload` to `target` one way: it arrives at most once, in the order of this sender, and its reply or failure
  /// goes nowhere (`metrics` counts what is lost). Cheaper than a request: nothing watches its deadline but the agent,
  /// which drops what it comes to too late. The handler of the payload's type runs as for a request and need not answer.
  /// Never blocks.
  /// @returns why it was refused: no such target, a full mailbox, a system that stops.
  reply<void> tell(agent_name target, message_ptr payload, request_options options = {});

  /// Messages that made their agent throw too often.
  [[nodiscard]] dead_letter_store& dead_letters();
  /// Sends what `letter` holds again, as a request of the host: its agent counts from none. It stays in its store; where
  /// `then` gets a reply, mark or remove it there.
  /// Adds the failure "runtime.unreadable_dead_letter" to those of `request`.
  void replay(const dead_letter& letter, std::chrono::milliseconds timeout, responder then);

  /// From now on asks `router` whether a message is for another node, and hands it those that are. Once, before the first
  /// message; it is kept until the system ends.
  void route_through(std::shared_ptr<agent_router> router);

  /// Where blocking work of this node runs.
  [[nodiscard]] executor& blocking_executor();
  /// The clock of deadlines, for others who need timers.
  [[nodiscard]] timer& clock();

  [[nodiscard]] agent_system_metrics metrics() const;

  /// Refuses new requests ("runtime.stopping"; requests that agents make to finish earlier ones
  /// still go), waits up to `drain_bound` for those in flight, fails the rest, and ends actors and
  /// threads. May be called again; not by an agent. A blocking handler that does not return within
  /// the bound keeps its thread, which is left behind.
  void stop();

private:
  friend class runtime::core;
  friend class deterministic_system;
  explicit agent_system(std::shared_ptr<runtime::core> core);

  std::shared_ptr<runtime::core> core_;
};

} // namespace troupe
