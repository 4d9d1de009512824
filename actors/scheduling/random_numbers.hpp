#pragma once

#include "actors/scheduling/acceleration.hpp"

#include <cstdint>

namespace troupe::scheduling {

/// The generator splitmix64: the same numbers from a seed with every compiler and library. One thread.
class random_numbers {
public:
  explicit random_numbers(std::uint64_t seed) : state_{splitmix64(seed)} {}

  /// From 0 to `count` - 1, which is at least 1. The bias of the remainder does not matter for counts this small.
  std::size_t below(std::size_t count) {
    const std::uint64_t drawn = splitmix64(state_);
    state_ += 0x9E3779B97F4A7C15;
    return static_cast<std::size_t>(drawn % count);
  }
  /// With a probability of `part` in `whole`.
  bool chance(std::size_t part, std::size_t whole) { return below(whole) < part; }

private:
  std::uint64_t state_;
};

} // namespace troupe::scheduling
