#include "actors/scheduling/online/stream.hpp"

#include <cmath>
#include <numbers>
#include <random>

namespace troupe::scheduling {
namespace {

/// Normal variates; the standard library's distribution differs from one implementation to the next.
class normal_numbers {
public:
  explicit normal_numbers(std::uint64_t seed) : bits_{seed} {}

  /// Source: Box, Muller: A note on the generation of random normal deviates (1958).
  double next() {
    const double radius = std::sqrt(-2 * std::log(1 - uniform()));
    return radius * std::cos(2 * std::numbers::pi * uniform());
  }

private:
  /// From 0 to below 1.
  double uniform() { return static_cast<double>(bits_() >> 11) * 0x1p-53; }

  std::mt19937_64 bits_;
};

/// What the last digits are differs between mathematics libraries.
double rounded(double factor) {
  return std::max(1e-9, std::round(factor * 1e9) * 1e-9);
}

} // namespace

stream_truth draw_truth(const arrival_stream& stream, const std::vector<std::uint32_t>& tasks,
                        std::uint64_t seed) {
  normal_numbers normal{seed};
  stream_truth out{stream.name, {}};
  for (const std::uint32_t count : tasks) {
    auto& factors = out.factors.emplace_back();
    for (std::uint32_t task = 0; task < count; ++task)
      factors.push_back(rounded(std::exp(stream.sigma * normal.next())));
  }
  return out;
}

} // namespace troupe::scheduling
