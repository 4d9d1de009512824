#include "actors/runtime/restart_tracker.hpp"

#include <algorithm>
#include <cmath>

namespace troupe::runtime {

std::optional<std::chrono::milliseconds> restart_tracker::on_crash(time_point now) {
  std::erase_if(crashes_, [&](time_point each) { return each + policy_.window <= now; });
  crashes_.push_back(now);
  if (crashes_.size() > policy_.max_restarts) return std::nullopt;
  // Computed as double: a long row of crashes must saturate, not overflow.
  const double factor = std::pow(std::max(1.0, policy_.backoff_coefficient),
                                 static_cast<double>(crashes_.size() - 1));
  const double wanted = static_cast<double>(policy_.initial_backoff.count()) * factor;
  const double most = static_cast<double>(policy_.maximum_backoff.count());
  return std::chrono::milliseconds{
      static_cast<std::int64_t>(std::clamp(wanted, 0.0, std::max(0.0, most)))};
}

} // namespace troupe::runtime
