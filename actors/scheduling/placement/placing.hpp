#pragma once

#include "actors/scheduling/placement/director.hpp"
#include "actors/scheduling/resources/waiting_line.hpp"

#include <functional>
#include <optional>

namespace troupe::scheduling {

/// Somebody who waits may start, there.
struct placed {
  waiting_line::key who;
  node_number on = 0;
};

/// Who of those that wait goes next, and where, with several nodes.
///
/// The rule: a demand fits where ONE node has all of it free. The order is that of the line. The first in order whose demand
/// is free on no node, while a node could hold it, has a node kept for it: the one that is expected to have it free first, by
/// when those at work there end. Others start there only where they take nothing of what it demands, or leave enough of it;
/// on all other nodes they do as they like. The node stays the same as long as it is the first and the node could hold its
/// demand; should another one have room before, it starts there. So it waits for those at work on one node when it came to
/// the front and for nobody else. Who needs a node that is not there is passed over, and nothing is kept for it.
class placing {
public:
  /// Describes one who waits; it does so until the next call.
  using description = std::function<placement_request(waiting_line::key who)>;

  /// @returns who may start; it stays in the line.
  [[nodiscard]] std::optional<placed> next(const waiting_line& line, node_pool& pool,
                                           const description& describe);
  struct reservation {
    waiting_line::key who;
    node_number on = 0;
  };
  /// For whom a node was kept when `next` was asked last.
  [[nodiscard]] const std::optional<reservation>& kept() const { return kept_; }
  /// Keeps another node for the first of the line.
  void keep(reservation wanted) { kept_ = wanted; }
  void clear() { kept_.reset(); }

private:
  [[nodiscard]] std::optional<reservation> reserve(waiting_line::key who,
                                                   const resource_vector& demand, need_number need,
                                                   const node_pool& pool) const;

  std::optional<reservation> kept_;
};

} // namespace troupe::scheduling
