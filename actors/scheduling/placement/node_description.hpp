#pragma once

#include "actors/scheduling/resources/resource_vector.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>

namespace troupe::scheduling {

enum class node_state : std::uint8_t {
  /// Is given attempts.
  active,
  /// Was not heard of for a while: is given nothing new, what it has goes on.
  suspect,
  /// Is to be emptied: the same.
  draining
};
/// `draining`
[[nodiscard]] std::string_view name_of(node_state state);

/// Which agents a node has.
struct agent_offer {
  /// Whatever is asked for; then nothing else counts.
  bool everything = false;
  /// Keys by types; no keys: all keys of that type.
  std::map<std::string, std::set<std::string>, std::less<>> types{};

  [[nodiscard]] bool has(std::string_view type, std::string_view key) const;
  bool operator==(const agent_offer&) const = default;
};

/// One life of a node, as others know it. Plain data.
struct node_description {
  std::string name;
  /// Rises whenever a node of this name begins anew.
  std::uint64_t incarnation = 0;
  /// Estimates of run times are for one class of nodes.
  std::string node_class{};
  resource_vector resources{};
  /// Attempts at once.
  std::size_t places = 0;
  agent_offer offers{};
  node_state state = node_state::active;
};

} // namespace troupe::scheduling
