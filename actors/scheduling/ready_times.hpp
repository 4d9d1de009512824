#pragma once

#include "actors/scheduling/cluster.hpp"
#include "actors/scheduling/task_graph.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace troupe::scheduling {

/// When the inputs of one task are on each node. What a task needs from elsewhere takes as long to all nodes of one bandwidth, so
/// per bandwidth only the latest arrival, and the latest from another node than that one, are kept: linear in the inputs, and a
/// node is answered in constant time. The cluster must outlive it. One thread.
class ready_times {
public:
  explicit ready_times(const cluster& on);

  /// An input: made on `node` at `finish`, `bytes` long.
  struct input {
    double finish = 0;
    std::uint64_t bytes = 0;
    std::uint32_t node = 0;
  };

  void clear();
  /// Transfers begin when their producers end.
  void add(const input& each);
  /// When the last producer ends.
  [[nodiscard]] double last_finish() const { return last_finish_; }
  /// The last arrival on `node`: at least `last_finish()`.
  [[nodiscard]] double at(std::uint32_t node) const {
    const two_latest& from = arrivals_[class_of_[node]];
    const double time = from.kept[from.kept[0].node == node ? 1 : 0].time;
    return time > last_finish_ ? time : last_finish_;
  }

private:
  struct arrival {
    double time = 0;
    std::uint32_t node = ~std::uint32_t{0};
  };
  /// The latest, and the latest from another node than that.
  struct two_latest {
    arrival kept[2];
    void add(double time, std::uint32_t node);
  };

  /// Bandwidths of the cluster, ascending, each once; and which one each node has.
  std::vector<double> bandwidths_;
  std::vector<std::uint32_t> class_of_;
  std::vector<two_latest> arrivals_;
  double last_finish_ = 0;
};

} // namespace troupe::scheduling
