#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace troupe::scheduling {

/// By what an attempt's node is picked; `pick_node` is the code behind these words.
enum class placement_strategy : std::uint8_t {
  /// `by_cost` where run times are known, else `best_fit` of a demand, else `least_loaded`.
  automatic,
  /// The node with the smallest part of its places taken.
  least_loaded,
  /// The node on which least of what is demanded is left over; without a demand as `least_loaded`.
  best_fit,
  /// This process where it has room, else as `least_loaded`.
  prefer_local,
  /// The node that has begun the fewest attempts of the run.
  spread,
  /// The named node, or one of the named class: as `least_loaded` among these.
  pinned,
  /// The node that is expected to be done first: its work at hand for each of its places, the run time on nodes of its class,
  /// and what it takes to send the request there.
  by_cost
};

/// Where the attempts of a step are to run. Plain data; empty: anywhere.
struct placement_rule {
  placement_strategy strategy = placement_strategy::automatic;
  /// Only this node; of `pinned` alone.
  std::string node{};
  /// Only nodes of this class.
  std::string node_class{};
  [[nodiscard]] bool empty() const {
    return strategy == placement_strategy::automatic && node.empty() && node_class.empty();
  }
  bool operator==(const placement_rule&) const = default;
};

/// As definitions spell it: `least_loaded`.
[[nodiscard]] std::string_view name_of(placement_strategy strategy);
/// Nothing for `automatic` and what is no strategy.
[[nodiscard]] std::optional<placement_strategy> find_placement_strategy(std::string_view name);
/// Those with a name, for messages.
[[nodiscard]] std::span<const std::string_view> placement_strategy_names();

} // namespace troupe::scheduling
