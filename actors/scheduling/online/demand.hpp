#pragma once

#include "actors/scheduling/online/known_workflow.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

namespace troupe::scheduling {

/// The work of tasks on the two kinds of slots, each task where it costs least, in seconds of all slots of that kind together.
struct demand {
  std::array<double, 2> seconds{};

  /// What the kind that has more to do needs: no way of sharing the cluster ends sooner, if tasks stay where they cost least.
  [[nodiscard]] double bottleneck_seconds() const { return std::max(seconds[0], seconds[1]); }
  void add(const demand& other) {
    seconds[0] += other.seconds[0];
    seconds[1] += other.seconds[1];
  }
  void subtract(const demand& other) {
    seconds[0] -= other.seconds[0];
    seconds[1] -= other.seconds[1];
  }
};

/// Says what tasks demand of a cluster.
class demand_model {
public:
  /// @param on must outlive this.
  explicit demand_model(const cluster& on) : on_{on} {
    for (const slot_pool& pool : on.pools())
      speed_[static_cast<std::size_t>(pool.kind)] += pool.speed * pool.count;
  }

  [[nodiscard]] demand of(const known_workflow& known, std::uint32_t task) const {
    const auto row = known.costs.row(task);
    const auto least = std::min_element(row.begin(), row.end());
    const slot_pool& pool = on_.pools()[static_cast<std::size_t>(least - row.begin())];
    const auto kind = static_cast<std::size_t>(pool.kind);
    demand out;
    out.seconds[kind] = *least * pool.speed / speed_[kind];
    return out;
  }
  [[nodiscard]] demand of(const known_workflow& known) const {
    demand out;
    for (std::uint32_t task = 0; task < known.graph.size(); ++task)
      out.add(of(known, task));
    return out;
  }

private:
  const cluster& on_;
  std::array<double, 2> speed_{};
};

} // namespace troupe::scheduling
