#pragma once

#include "actors/scheduling/random_numbers.hpp"
#include "cluster/testing/defaults.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace troupe::cluster::testing {

/// How long frames travel.
struct latency_model {
  enum class kind : std::uint8_t {
    /// `least`, always.
    fixed,
    /// Anything from `least` to `most`, evenly.
    uniform,
    /// Mostly between `least` and twice that; longer than k times `least` once in about k * k frames; `most` at most.
    heavy_tail,
  };
  kind how = kind::fixed;
  std::chrono::nanoseconds least = defaults::latency;
  std::chrono::nanoseconds most = defaults::latency;

  [[nodiscard]] std::chrono::nanoseconds draw(scheduling::random_numbers& random) const;
  friend bool operator==(const latency_model&, const latency_model&) = default;
};

/// What one direction between two nodes is like.
struct link_shape {
  latency_model latency{};
  /// 0: no bound. A frame enters the network once the one before it is through.
  std::uint64_t bytes_per_second = 0;
  /// Frames in a million that are lost. A stream cannot lose one frame: the link ends there.
  std::uint32_t loss_ppm = 0;

  friend bool operator==(const link_shape&, const link_shape&) = default;
};

} // namespace troupe::cluster::testing
