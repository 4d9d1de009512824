#pragma once

#include <cstdint>
#include <hwy/targets.h>

namespace troupe::test {

/// Holds Highway down to one instruction set for a scope.
struct only_target {
  explicit only_target(std::int64_t target) { hwy::SetSupportedTargetsForTest(target); }
  ~only_target() { hwy::SetSupportedTargetsForTest(0); }
  only_target(const only_target&) = delete;
  only_target& operator=(const only_target&) = delete;
};

} // namespace troupe::test
