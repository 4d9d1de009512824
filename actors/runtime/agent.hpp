#pragma once

#include "actors/runtime/defaults.hpp"
#include "actors/runtime/failure.hpp"

#include <chrono>
#include <compare>
#include <cstdint>
#include <functional>
#include <google/protobuf/message.h>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace troupe {

/// A Protobuf object shared between agents of one process; never changed after it was sent.
using message_ptr = std::shared_ptr<const google::protobuf::Message>;

/// `type/key`. Written without a key it means the key "default".
struct agent_name {
  std::string type;
  std::string key = "default";

  /// @returns `runtime_errc::bad_agent_name` unless `text` is `type` or `type/key` of letters,
  /// digits, '.', '_', '-'.
  [[nodiscard]] static result<agent_name> parse(std::string_view text);
  [[nodiscard]] std::string to_string() const { return type + "/" + key; }
  auto operator<=>(const agent_name&) const = default;
};

/// Names one envelope. Inside a process it is two numbers, written as text only where somebody
/// asks.
class message_id {
public:
  message_id() = default;
  /// The id number `number` of the agent system that drew `system` at random when it started.
  message_id(std::uint64_t system, std::uint64_t number) : system_(system), number_(number) {}
  /// An id that came from elsewhere.
  explicit message_id(std::string text) : text_(std::move(text)) {}

  [[nodiscard]] bool empty() const { return number_ == 0 && text_.empty(); }
  /// `<system, 16 hexadecimal digits>-<number>`, or the text it was made of.
  [[nodiscard]] std::string to_string() const;
  bool operator==(const message_id& other) const { return to_string() == other.to_string(); }

private:
  std::uint64_t system_ = 0;
  std::uint64_t number_ = 0;
  std::string text_;
};

/// Everything of an envelope but its payload. Wire form: `schemas/troupe/v1/envelope.proto`.
struct envelope_header {
  troupe::message_id message_id{};
  /// The message_id of the request that this answers; empty for requests.
  troupe::message_id correlation_id{};
  agent_name sender{};
  agent_name target{};
  /// After this moment the answer is of no use; cut down at each hop.
  std::chrono::system_clock::time_point deadline = std::chrono::system_clock::time_point::max();
  /// Among requests that wait at one agent, higher goes first; -100 to 100, what is beyond counts as that.
  std::int32_t priority = 0;
  /// W3C trace context.
  std::string traceparent{};
  std::string tracestate{};
  /// Same key, same effect: a receiver may drop a repetition.
  std::string idempotency_key{};
  /// Who asks; set at the border, never by an agent.
  std::string principal{};
  std::vector<std::string> privacy_labels{};
  /// Memory of this node that is set aside for work on the request; 0: nothing is said. Agents that can hold their work to
  /// it do.
  std::uint64_t granted_memory_bytes = 0;
  /// The node that it is for; empty: whoever knows the way decides. Never leaves the process.
  std::string node{};
};

/// Takes the answer to one request: call it exactly once, from any thread. Later calls are ignored;
/// when every copy is gone without a call, the requester gets "runtime.no_answer".
using responder = std::function<void(reply<message_ptr>)>;

/// Told of the signs of life of who works on a request.
class heartbeat_sink {
public:
  virtual ~heartbeat_sink() = default;
  /// Any thread, often: cheap, and never blocks.
  virtual void beat() noexcept = 0;
  /// The same, and keeps how far the work has come. Any thread.
  /// @returns why it is not kept; it is a sign of life all the same.
  virtual reply<void> beat(message_ptr /*details*/) {
    beat();
    return tl::unexpected(
        failure{"runtime.not_kept", "nobody keeps details of this request", false});
  }
  /// How far an earlier attempt came; nullptr where it said nothing.
  [[nodiscard]] virtual message_ptr last_details() const { return nullptr; }
  /// The number of the attempt, from 1; 0 where the request is no step's.
  [[nodiscard]] virtual std::uint32_t attempt() const noexcept { return 0; }
  /// Whether the work should end: the answer is of no use any more, or soon will be. Any thread, often.
  [[nodiscard]] virtual bool cancelled() const noexcept { return false; }
  /// Whether the answer is of no use any more.
  [[nodiscard]] virtual bool abandoned() const noexcept { return cancelled(); }
  /// Whether something more urgent needs the place of the work.
  [[nodiscard]] virtual bool preempted() const noexcept { return false; }
};

/// What a requester may say about one request.
struct request_options {
  /// Finite; a request made inside a call is further cut to that call's own deadline.
  std::chrono::milliseconds timeout = runtime::defaults::request_timeout;
  /// Among requests that wait at one agent, higher goes first; 0 is normal. -100 to 100, what is beyond counts as that.
  /// Now and then the oldest goes first (`defaults::oldest_first_every`), so that none starves.
  std::int32_t priority = 0;
  std::string idempotency_key{};
  /// Who asks, for the receiver to see; filled in by the runtime for requests made inside a call.
  agent_name sender{};
  std::string traceparent{};
  std::string principal{};
  std::vector<std::string> privacy_labels{};
  /// Told when an agent at work on the request, or on one that was made for it, says that it is alive.
  std::shared_ptr<heartbeat_sink> pulse{};
  /// See `envelope_header`.
  std::uint64_t granted_memory_bytes = 0;
  /// On which node of a cluster; empty: where the agent is found.
  std::string node{};
  std::string tracestate{};
};

/// What a handler may use while it answers one request. Keep the shared pointer for what must
/// outlive `handle`. Thread-safe.
class call_context {
public:
  virtual ~call_context() = default;
  [[nodiscard]] virtual const envelope_header& header() const = 0;
  /// Says that work on this request goes on. A step with a `heartbeat` timeout fails its attempt where this is not called
  /// often enough; elsewhere it does nothing. Cheap enough to be called in a loop.
  virtual void heartbeat() const noexcept {}
  /// The same, and says how far the work has come: where this attempt of a step fails, the next one finds it in
  /// `last_heartbeat`. It is kept in memory until then, so it is lost with the process.
  /// @param details of any type, at most 64 KiB; not changed any more.
  /// @returns why it is not kept: "workflow.bad_details", or "runtime.not_kept" where the request is no step's.
  virtual reply<void> heartbeat(message_ptr /*details*/) const {
    heartbeat();
    return tl::unexpected(
        failure{"runtime.not_kept", "nobody keeps details of this request", false});
  }
  /// What the attempt before said last with `heartbeat`; nullptr where there is none, or it said nothing.
  [[nodiscard]] virtual message_ptr last_heartbeat() const { return nullptr; }
  /// Which attempt of a step this is, from 1; more than 1: one before may have had its effect, under the same
  /// `idempotency_key`. 0 where neither the request nor the one that it was made for is a step's.
  [[nodiscard]] virtual std::uint32_t attempt() const noexcept { return 0; }
  /// Whether the work should end: the request, or the one it was made for, is answered or its time is over; the run is to be
  /// cancelled, has failed or compensates, or left its engine; another attempt of the step was quicker. Look now and then in
  /// long work, and end it: what was done so far may still be answered. Cheap enough for a loop.
  [[nodiscard]] virtual bool cancelled() const noexcept { return false; }
  /// Whether the answer is of no use any more: as `cancelled`, but for a run that is to be cancelled only once its time of
  /// grace is over.
  [[nodiscard]] virtual bool abandoned() const noexcept { return cancelled(); }
  /// Whether a step of a higher priority needs the place of this attempt, of a step that is `preemptible`. Look when you give
  /// a heartbeat; where it is so, say how far you have come (`heartbeat(details)`) and answer with a failure that is
  /// retryable. That counts as none: the step is tried again, and its next attempt finds the details in `last_heartbeat`.
  /// Whoever does not look goes on; a reply counts as ever.
  [[nodiscard]] virtual bool preempted() const noexcept { return false; }
  /// Asks another agent; `then` runs once, with the answer or a failure, at the latest at this
  /// call's own deadline. It runs like a handler of the asking agent: one at a time with its
  /// handlers, and on the blocking executor when the agent is blocking. May be called after the
  /// handler returned, while the request is unanswered. Trace context, principal, privacy labels
  /// and priority go along.
  virtual void request(agent_name target, message_ptr payload, responder then) const = 0;
  /// Sends another agent a one-way message, see `agent_system::tell`; it is cut to this call's deadline.
  /// @returns why it was refused.
  virtual reply<void> tell(agent_name /*target*/, message_ptr /*payload*/) const {
    return tl::unexpected(failure{"runtime.cannot_send", "this call context cannot send", false});
  }
  /// The same with a shorter time limit.
  virtual void request_within(std::chrono::milliseconds limit, agent_name target,
                              message_ptr payload, responder then) const {
    static_cast<void>(limit);
    request(std::move(target), std::move(payload), std::move(then));
  }
  /// Asks another agent and waits. Only in handlers of agents with `agent_options::blocking`;
  /// elsewhere it answers "runtime.would_block" at once. A blocking handler must wait here, never
  /// on a future that `then` would set.
  [[nodiscard]] virtual reply<message_ptr> request_and_wait(agent_name /*target*/,
                                                            message_ptr /*payload*/) const {
    return tl::unexpected(failure{"runtime.would_block", "this call context cannot wait", false});
  }
};

/// One named agent at work. Calls come one at a time unless `agent_options::blocking` is set with a
/// `max_concurrency` of more than one.
class agent {
public:
  virtual ~agent() = default;
  /// Answers `request`, one of the type's declared request types, through `respond`: at once or
  /// later. A handler that throws fails the request and makes the supervisor restart the agent.
  virtual void handle(message_ptr request, std::shared_ptr<const call_context> context,
                      responder respond) = 0;
};

/// A declared request and the type of its reply.
struct method {
  const google::protobuf::Descriptor* request = nullptr;
  const google::protobuf::Descriptor* reply = nullptr;
};

/// After `max_restarts` within `window` the agent escalates to its supervisor; without one it stays down and its requests
/// fail.
struct restart_policy {
  std::uint32_t max_restarts = 5;
  std::chrono::milliseconds window{60'000};
  std::chrono::milliseconds initial_backoff{50};
  double backoff_coefficient = 2.0;
  std::chrono::milliseconds maximum_backoff{5'000};
};

struct agent_options {
  /// Handlers (and the factory) wait for files, databases or devices: they run on the node's
  /// blocking executor, never on a CAF worker.
  bool blocking = false;
  /// Handlers of a blocking agent that may run at the same time. 0 stands for 1, and for
  /// `defaults::stateless_concurrency` with the stateless helpers of `typed_agent.hpp`.
  std::uint32_t max_concurrency = 0;
  restart_policy restart{};
  /// Requests waiting beyond this are refused with "runtime.mailbox_full".
  std::size_t max_waiting_requests = runtime::defaults::max_waiting_requests;
  /// The same for the bytes of their payloads as they are on the wire (`ByteSizeLong`). A request that alone has more is
  /// refused with "runtime.request_too_large".
  std::size_t max_waiting_bytes = runtime::defaults::max_waiting_bytes;
  /// A message that made the agent throw so often is answered "runtime.quarantined" from then on and kept as a dead
  /// letter; 0 for never. The same message is one with the same idempotency key or, without one, the same payload.
  std::uint32_t quarantine_after = runtime::defaults::quarantine_after;
  /// Decides when an agent of this type has spent its restart budget, see `supervisor.hpp`; empty for the system, which
  /// leaves it down.
  std::string supervisor{};
};

/// A registered kind of agent: what it answers and how one is made.
struct agent_type {
  std::string name;
  std::string description;
  std::vector<method> methods;
  /// Makes the agent `type/key`; fails where there is no such key. Called again after a crash. Any
  /// thread, several at the same time for different keys.
  std::function<reply<std::unique_ptr<agent>>(const agent_name&)> make;
  agent_options options{};
};

/// The agent types of a node, by name.
class agent_types {
public:
  virtual ~agent_types() = default;
  /// @returns nullptr when there is no such type; the pointer lives as long as the node.
  [[nodiscard]] virtual const agent_type* find(std::string_view type) const = 0;
  [[nodiscard]] virtual std::vector<std::string> names() const = 0;
};

} // namespace troupe
