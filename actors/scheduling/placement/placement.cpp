#include "actors/scheduling/placement/placement.hpp"

#include <algorithm>
#include <array>

namespace troupe::scheduling {
namespace {

/// In the order of the enumeration.
constexpr std::array<std::string_view, 7> strategy_names{
    "automatic", "least_loaded", "best_fit", "prefer_local", "spread", "pinned", "by_cost"};

} // namespace

std::string_view name_of(placement_strategy strategy) {
  return strategy_names.at(static_cast<std::size_t>(strategy));
}

std::optional<placement_strategy> find_placement_strategy(std::string_view name) {
  const auto names = placement_strategy_names();
  const auto found = std::ranges::find(names, name);
  if (found == names.end()) return std::nullopt;
  return static_cast<placement_strategy>(found - names.begin() + 1);
}

std::span<const std::string_view> placement_strategy_names() {
  return std::span{strategy_names}.subspan(1);
}

} // namespace troupe::scheduling
