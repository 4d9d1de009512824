#pragma once

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

  /// @returns `runtime_errc::bad_agent_name` unless `text` is `type` or `type/key` of letters, digits, '.', '_', '-'.
  [[nodiscard]] static result<agent_name> parse(std::string_view text);
  [[nodiscard]] std::string to_string() const { return type + "/" + key; }
  auto operator<=>(const agent_name&) const = default;
};

/// Everything of an envelope but its payload. Wire form: `schemas/troupe/v1/envelope.proto`.
struct envelope_header {
  std::string message_id;
  std::string correlation_id;
  agent_name sender;
  agent_name target;
  /// After this moment the answer is of no use; cut down at each hop.
  std::chrono::system_clock::time_point deadline = std::chrono::system_clock::time_point::max();
  std::int32_t priority = 0;
  std::string traceparent;
  std::string tracestate;
  std::string idempotency_key;
  std::string principal;
  std::vector<std::string> privacy_labels;
};

/// Takes the answer to one request: call it exactly once, from any thread.
using responder = std::function<void(reply<message_ptr>)>;

/// What a handler may use while it answers one request. Copy what must outlive the call.
class call_context {
public:
  virtual ~call_context() = default;
  [[nodiscard]] virtual const envelope_header& header() const = 0;
  /// Asks another agent; `then` runs once, with the answer or a failure, at the latest at this call's own deadline.
  /// May be called after the handler returned, while the request is unanswered. Thread-safe.
  virtual void request(agent_name target, message_ptr payload, responder then) const = 0;
};

/// One named agent at work. Calls come one at a time unless `agent_options::blocking` is set with more than one thread.
class agent {
public:
  virtual ~agent() = default;
  /// Answers `request`, one of the type's declared request types, through `respond`: at once or later.
  /// A handler that throws fails the request and makes the supervisor restart the agent.
  virtual void handle(message_ptr request, std::shared_ptr<const call_context> context, responder respond) = 0;
};

/// A declared request and the type of its reply.
struct method {
  const google::protobuf::Descriptor* request = nullptr;
  const google::protobuf::Descriptor* reply = nullptr;
};

/// After `max_restarts` within `window` the agent stays down and its requests fail.
struct restart_policy {
  std::uint32_t max_restarts = 5;
  std::chrono::milliseconds window{60'000};
  std::chrono::milliseconds initial_backoff{50};
  double backoff_coefficient = 2.0;
  std::chrono::milliseconds maximum_backoff{5'000};
};

struct agent_options {
  /// Handlers wait for files, databases or devices: they run on the node's blocking executor, never on a CAF worker.
  bool blocking = false;
  restart_policy restart;
  /// Requests waiting beyond this are refused with "runtime.mailbox_full".
  std::size_t max_waiting_requests = 10'000;
};

/// A registered kind of agent: what it answers and how one is made.
struct agent_type {
  std::string name;
  std::string description;
  std::vector<method> methods;
  /// Makes the agent `type/key`; fails where there is no such key.
  std::function<reply<std::unique_ptr<agent>>(const agent_name&)> make;
  agent_options options;
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
