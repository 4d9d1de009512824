#pragma once

#include "actors/runtime/failure.hpp"
#include "cluster/membership/membership_view.hpp"

#include <cstdint>
#include <functional>
#include <span>

namespace troupe::cluster {

/// What a node is told of its own membership and that of others. Calls come one at a time, in order, on threads of the timer,
/// of the store or of who answers; they must not block. Each may be empty.
struct membership_callbacks {
  /// This node is a member, in this life.
  std::function<void(std::uint64_t incarnation)> on_joined{};
  /// This node is no member any more: everything that only a member may do has to stop now.
  std::function<void()> on_fenced{};
  /// It was refused as it is, and tries again: `cluster.incompatible`, `cluster.not_trusted`, `cluster.bad_request`.
  std::function<void(const failure& why)> on_refused{};
  /// Others have come, changed or gone. The events lead from the last view to this one.
  std::function<void(const view_ptr& now, std::span<const member_event> events)> on_view{};
};

} // namespace troupe::cluster
