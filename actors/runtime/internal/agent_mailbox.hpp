#pragma once

#include "actors/runtime/agent.hpp"
#include "actors/runtime/internal/mail.hpp"

#include <atomic>
#include <caf/actor.hpp>
#include <cstddef>
#include <memory>
#include <mutex>

namespace troupe::runtime {

enum class posted { accepted, full, closed };

/// The way to one agent's actor: bounds what waits there, and after `close` nobody reaches it any
/// more, so that an actor handles everything that was accepted. Any thread.
class agent_mailbox {
public:
  agent_mailbox(const agent_type& type, agent_name name) : type_(&type), name_(std::move(name)) {}

  /// Before anything is posted.
  void open(caf::actor actor);
  /// Accepts a request unless `max_waiting_requests` wait already.
  [[nodiscard]] posted post(mail::request request);
  /// Answers and control messages are not bounded: each belongs to a request that was. @returns
  /// false when closed, and then leaves `answer` as it was.
  [[nodiscard]] bool post(mail::answer& answer);
  bool post(mail::control control);
  /// Posts `last` and closes.
  void close(mail::control last);

  /// A request has left the queue.
  void taken() { waiting_.fetch_sub(1, std::memory_order_relaxed); }

  [[nodiscard]] const agent_type& type() const { return *type_; }
  [[nodiscard]] const agent_name& name() const { return name_; }

private:
  template <class T>
  bool send(T&& content);

  const agent_type* type_;
  agent_name name_;
  std::atomic<std::size_t> waiting_ = 0;
  std::mutex mutex_;
  caf::actor actor_;
};

} // namespace troupe::runtime
