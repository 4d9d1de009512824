#include "actors/scheduling/ready_times.hpp"

#include <algorithm>

namespace troupe::scheduling {

ready_times::ready_times(const cluster& on) {
  for (const cluster_node& node : on.nodes())
    bandwidths_.push_back(node.bandwidth_bytes_per_second);
  std::sort(bandwidths_.begin(), bandwidths_.end());
  bandwidths_.erase(std::unique(bandwidths_.begin(), bandwidths_.end()), bandwidths_.end());
  for (const cluster_node& node : on.nodes())
    class_of_.push_back(static_cast<std::uint32_t>(
        std::lower_bound(bandwidths_.begin(), bandwidths_.end(), node.bandwidth_bytes_per_second) -
        bandwidths_.begin()));
  clear();
}

void ready_times::clear() {
  arrivals_.assign(bandwidths_.size(), {});
  last_finish_ = 0;
}

void ready_times::two_latest::add(double time, std::uint32_t node) {
  if (time > kept[0].time) {
    if (kept[0].node != node) kept[1] = kept[0];
    kept[0] = {time, node};
  } else if (node != kept[0].node && time > kept[1].time) {
    kept[1] = {time, node};
  }
}

void ready_times::add(const input& each) {
  last_finish_ = std::max(last_finish_, each.finish);
  if (each.bytes == 0) return;
  const std::uint32_t own = class_of_[each.node];
  const auto bytes = static_cast<double>(each.bytes);
  for (std::uint32_t i = 0; i < own; ++i)
    arrivals_[i].add(each.finish + bytes / bandwidths_[i], each.node);
  const double time = each.finish + bytes / bandwidths_[own];
  for (std::size_t i = own; i < bandwidths_.size(); ++i)
    arrivals_[i].add(time, each.node);
}

} // namespace troupe::scheduling
