#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace troupe::cluster {

/// What a rule of scale looks at.
enum class scale_measure : std::uint8_t {
  /// How long the first ready attempt has waited, in seconds: more of it asks for nodes.
  queue_age,
  /// The least time that is left until a deadline, in seconds: less of it asks for nodes.
  slack,
  /// The part of the resources that is held, 0 to 1: more of it asks for nodes.
  utilisation,
};

struct scale_rule {
  std::string group;
  scale_measure measure = scale_measure::queue_age;
  /// Beyond the first a node is added, beyond the second one is taken away; between them nothing happens.
  double grow_at = 0, shrink_at = 0;
  /// How long it must be beyond.
  std::chrono::milliseconds hold{std::chrono::seconds{5}};

  friend bool operator==(const scale_rule&, const scale_rule&) = default;
};

/// The bounds of one group.
struct scale_bounds {
  std::string group;
  int min = 0, max = 0;

  friend bool operator==(const scale_bounds&, const scale_bounds&) = default;
};

/// The part `elasticity` of a cluster file.
struct elasticity_spec {
  /// Say what would be done, and do nothing.
  bool dry_run = false;
  /// After a change, until the next one.
  std::chrono::milliseconds cool_down{std::chrono::seconds{30}};
  /// Of all groups together: nodes at once, and hours of nodes in a day.
  std::optional<int> most_nodes;
  std::optional<double> node_hours_per_day;
  std::vector<scale_bounds> groups;
  std::vector<scale_rule> rules;

  friend bool operator==(const elasticity_spec&, const elasticity_spec&) = default;
};

} // namespace troupe::cluster
