#include "cluster/membership/phi_detector.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>
#include <span>

namespace troupe::cluster {
namespace {

using float_ms = std::chrono::duration<double, std::milli>;

/// What a phi is at most: erfc has no smaller numbers.
constexpr double greatest_phi = 300.0;

} // namespace

// Two intervals to begin with, a quarter to either side, as Akka does.
phi_detector::phi_detector(std::chrono::milliseconds expected, time_point now) : last_(now) {
  const auto mean = static_cast<double>(expected.count());
  add(mean * 0.75);
  add(mean * 1.25);
}

void phi_detector::add(double interval_ms) {
  intervals_.at(seen_++ % intervals_.size()) = static_cast<float>(interval_ms);
}

void phi_detector::arrived(time_point now, std::uint64_t count) {
  if (count == 0) return;
  add(float_ms{now - last_}.count() / static_cast<double>(count));
  last_ = now;
}

double phi_detector::phi(time_point now) const {
  const auto window = std::span{intervals_}.first(std::min(seen_, intervals_.size()));
  const auto count = static_cast<double>(window.size());
  const double mean = std::accumulate(window.begin(), window.end(), 0.0) / count;
  const double squares =
      std::accumulate(window.begin(), window.end(), 0.0, [mean](double sum, float each) {
        return sum + (each - mean) * (each - mean);
      });
  const double deviation =
      std::max(std::sqrt(squares / count),
               static_cast<double>(membership_defaults::phi_least_deviation.count()));
  const double silence = float_ms{now - last_}.count();
  if (silence <= 0.0) return 0.0;
  const double later = 0.5 * std::erfc((silence - mean) / (deviation * std::numbers::sqrt2));
  return later > 0.0 ? std::min(-std::log10(later), greatest_phi) : greatest_phi;
}

} // namespace troupe::cluster
