#pragma once

#include "actors/runtime/agent.hpp"
#include "actors/runtime/internal/mail.hpp"
#include "actors/runtime/internal/request_queue.hpp"

#include <caf/actor.hpp>
#include <memory>
#include <mutex>

namespace troupe::runtime {

enum class posted {
  accepted,
  /// `max_waiting_requests` wait already.
  full,
  /// With it, more than `max_waiting_bytes` would wait.
  full_of_bytes,
  /// It alone has more than `max_waiting_bytes`.
  too_large,
  closed
};

/// The way to one agent's actor: keeps the requests that wait there, bounds them by count and bytes, and after `close`
/// nobody reaches it any more, so that an actor handles everything that was accepted. Any thread.
class agent_mailbox {
public:
  agent_mailbox(const agent_type& type, agent_name name) : type_(&type), name_(std::move(name)) {}

  /// Before anything is posted.
  void open(caf::actor actor);
  /// Accepts a request within the bounds, and wakes the actor if it does not know of any that waits.
  [[nodiscard]] posted post(std::shared_ptr<call> asked);
  /// Answers and control messages are not bounded: each belongs to a request that was. @returns
  /// false when closed, and then leaves `answer` as it was.
  [[nodiscard]] bool post(mail::answer& answer);
  bool post(mail::control control);
  /// Posts `last` and closes. Requests that wait are for the actor to end.
  void close(mail::control last);

  // -- for the actor
  /// The request whose turn it is. @returns nullptr when none waits: the next one wakes the actor.
  [[nodiscard]] std::shared_ptr<call> take();
  /// Wakes the actor again after what its CAF mailbox has already.
  void yield();

  [[nodiscard]] const agent_type& type() const { return *type_; }
  [[nodiscard]] const agent_name& name() const { return name_; }

private:
  template <class T>
  bool send(T&& content);
  [[nodiscard]] posted judge(const call& asked) const;

  const agent_type* type_;
  agent_name name_;
  /// Of what follows it, up to the next.
  std::mutex mutex_;
  request_queue waiting_;
  /// Whether the actor knows that requests wait, or is about to be told.
  bool woken_ = false;
  bool closed_ = false;
  /// Held while something is sent: after `close` nobody may reach for the actor, whose system may be gone.
  std::mutex actor_mutex_;
  caf::actor actor_;
};

} // namespace troupe::runtime
