#pragma once

#include "actors/scheduling/placement/node_pool.hpp"
#include "actors/scheduling/placement/placement.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>

namespace troupe::scheduling {

/// Seconds that it takes to give a node what it needs for an attempt, and to get its answer.
using transfer_estimate = std::function<double(const node_description&)>;

/// What is to be known of an attempt for which a node is looked for. Refers to what it is made of.
struct placement_request {
  need_number need = any_node;
  /// nullptr: none.
  const resource_vector* demand = nullptr;
  placement_strategy strategy = placement_strategy::automatic;
  /// Not this one.
  std::optional<node_number> avoid{};
  /// The one that is in this process.
  std::optional<node_number> local{};
  /// Attempts of its run that nodes have begun, for `spread`; nullptr: none.
  const std::map<node_number, std::uint32_t>* begun = nullptr;
  /// Expected run times by node classes; nullptr: none is known.
  const std::map<std::string, double>* seconds = nullptr;
  /// nullptr: nothing takes time.
  const transfer_estimate* transfer = nullptr;
};

/// Room that is kept for somebody who waits.
struct kept_room {
  node_number node = 0;
  const resource_vector* demand = nullptr;
};

/// What `automatic` stands for.
[[nodiscard]] placement_strategy strategy_of(const placement_request& wanted);

/// The node for an attempt: one that is open, meets the need, has the whole demand free, and leaves `kept` what it waits for.
/// Always the same for the same pool. The least loaded node and the one that is done first are found without looking at all
/// nodes as far as nodes are alike; what fits best, is even, or takes a transfer is not.
/// @param kept nullptr: nothing is.
/// @returns nothing where there is none.
[[nodiscard]] std::optional<node_number> pick_node(node_pool& pool, const placement_request& wanted,
                                                   const kept_room* kept = nullptr);

} // namespace troupe::scheduling
