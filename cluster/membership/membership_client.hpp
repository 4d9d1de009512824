#pragma once

#include "actors/runtime/agent.hpp"
#include "actors/runtime/timer.hpp"
#include "cluster/membership/member_lease.hpp"
#include "cluster/membership/membership_callbacks.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace troupe::cluster {

class client_core;

/// Sends a message to `cluster.members/default` of a coordinator, by the name of its node. Does not block; the responder is
/// called once, with the answer or a failure, on any thread.
using ask_coordinator = std::function<void(const std::string& coordinator, message_ptr request,
                                           std::chrono::milliseconds timeout, responder then)>;

struct membership_client_options {
  /// This node, without incarnation. Its state is the one that it comes to once it has joined.
  member_record self{};
  /// Names of the coordinators to begin with, at least one; those of the view join them.
  std::vector<std::string> coordinators{};
  ask_coordinator ask{};
  /// Shared with others, and stopped after this.
  std::shared_ptr<timer> clock{};
  membership_callbacks callbacks{};
  lease_rules rules{};
  /// Whether it joins anew by itself when `on_fenced` has returned; otherwise when `rejoin` is called.
  bool rejoin_by_itself = true;
  std::uint64_t seed = std::random_device{}();
};

/// The membership of a node that is no coordinator: it joins at any coordinator, renews its lease there and tries the next
/// one where that fails, and learns with each renewal who the others are. Where no coordinator answers it goes on as far as
/// its lease allows; then it is fenced (`on_fenced`), and joins anew, with another incarnation, as soon as one does.
///
/// All members may be called by any thread, and do not block except `stop`.
class membership_client {
public:
  /// Begins to join. @returns `membership_errc::bad_record`, also without a coordinator.
  [[nodiscard]] static result<std::unique_ptr<membership_client>>
  start(membership_client_options options);
  /// Calls `stop`.
  ~membership_client();
  membership_client(const membership_client&) = delete;
  membership_client& operator=(const membership_client&) = delete;

  /// Whether this node may act as a member at this moment. Asked before each act that only a member may do: who was paused must
  /// not trust what was true before.
  [[nodiscard]] bool holds() const;
  /// Of its last life; 0 before the first.
  [[nodiscard]] std::uint64_t incarnation() const;
  /// Never nullptr.
  [[nodiscard]] view_ptr view() const;

  /// What this node has come to: `active`, `draining`; it never goes back.
  void set_state(member_state to);
  /// Everything of the life that was fenced is over.
  void rejoin();
  /// Goes: nothing is a member's any more from now on, so work has to be over. `then` is called once, when a coordinator knows,
  /// or with a failure when the one that was asked does not answer: the others know when the lease is over.
  void leave(std::function<void(reply<void>)> then);

  /// No callback comes any more; waits for one at work. Does not leave. Not from a callback. May be called again.
  void stop();

private:
  explicit membership_client(std::shared_ptr<client_core> core);
  std::shared_ptr<client_core> core_;
};

} // namespace troupe::cluster
