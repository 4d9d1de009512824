#include "actors/pii/settings.hpp"

#include "actors/pii/defaults.hpp"

#include <algorithm>

namespace troupe::pii {

bool settings::wants(const std::string& label) const {
  return labels.empty() || std::ranges::find(labels, label) != labels.end();
}

double settings::threshold_of(const std::string& label) const {
  if (const auto own = thresholds.find(label); own != thresholds.end()) return own->second;
  return threshold ? *threshold : defaults::threshold_of(label);
}

} // namespace troupe::pii
