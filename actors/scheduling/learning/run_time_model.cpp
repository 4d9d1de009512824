#include "actors/scheduling/learning/run_time_model.hpp"

#include <algorithm>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>

namespace troupe::scheduling {
namespace {

constexpr double least_seconds = 1e-6;
/// A century: beyond it a run time is no measurement.
constexpr double most_seconds = 3.2e9;
/// What is assumed before anything was seen counts as one measurement: run times vary by a factor of e^0.5.
constexpr double prior_weight = 1;
constexpr double prior_variance = 0.25;
/// Sizes that hardly differ say nothing of how run times grow with them.
constexpr double size_ridge = 1;
constexpr double most_exponent = 2;
/// Of logarithms: where sizes are far from all that was seen the width means only "unknown".
constexpr double most_variance = 9;

double log_size(std::uint64_t bytes) {
  return std::log1p(static_cast<double>(bytes));
}

} // namespace

/// The line at one size.
struct run_time_model::line {
  /// Of the logarithm: its middle, the variance of run times around it, and that of the next one as far as is known.
  double middle = 0, variance = 0, predicted = 0;
};

void run_time_model::observe(double seconds, std::uint64_t bytes) {
  if (!(seconds >= 0)) return; // not a number
  const double x = log_size(bytes);
  const double y = std::log(std::clamp(seconds, least_seconds, most_seconds));
  moments& m = known_;
  ++m.count;
  m.weight = forgetting * m.weight + 1;
  const double dx = x - m.mean_size, dy = y - m.mean_time;
  m.mean_size += dx / m.weight;
  m.mean_time += dy / m.weight;
  m.size_size = forgetting * m.size_size + dx * (x - m.mean_size);
  m.size_time = forgetting * m.size_time + dx * (y - m.mean_time);
  m.time_time = forgetting * m.time_time + dy * (y - m.mean_time);
}

double run_time_model::exponent() const {
  // A larger input is not done sooner: where it seems so, something else differs.
  return std::clamp(known_.size_time / (known_.size_size + size_ridge), 0.0, most_exponent);
}

run_time_model::line run_time_model::at(std::optional<std::uint64_t> bytes) const {
  const moments& m = known_;
  const double slope = exponent();
  const double away = bytes ? log_size(*bytes) - m.mean_size : 0;
  const double errors =
      std::max(m.time_time - 2 * slope * m.size_time + slope * slope * m.size_size, 0.0);
  line made;
  made.middle =
      std::clamp(m.mean_time + slope * away, std::log(least_seconds), std::log(most_seconds));
  made.variance = (prior_weight * prior_variance + errors) / (prior_weight + m.weight);
  made.predicted = std::min(
      made.variance * (1 + 1 / std::max(m.weight, 1.0) + away * away / (m.size_size + size_ridge)),
      most_variance);
  return made;
}

double run_time_model::mean(std::optional<std::uint64_t> bytes) const {
  const line of = at(bytes);
  return std::exp(of.middle + std::min(of.variance, most_variance) / 2);
}

double run_time_model::quantile(double p, std::optional<std::uint64_t> bytes) const {
  const line of = at(bytes);
  const boost::math::students_t shape{prior_weight + known_.weight};
  const double deviations = boost::math::quantile(shape, std::clamp(p, 0.001, 0.999));
  return std::min(std::exp(of.middle + deviations * std::sqrt(of.predicted)), most_seconds);
}

bool is_sound(const run_time_model::moments& of) {
  constexpr double most = 1e6; // of squares of logarithms: a hundred measurements are far below
  const auto within = [](double value, double least, double largest) {
    return std::isfinite(value) && value >= least && value <= largest;
  };
  const double most_weight = 1 / (1 - run_time_model::forgetting) + 1;
  return of.count > 0 && within(of.weight, 1e-3, most_weight) && within(of.mean_size, 0, 50) &&
         within(of.mean_time, -20, 25) && within(of.size_size, 0, most) &&
         within(of.size_time, -most, most) && within(of.time_time, 0, most);
}

} // namespace troupe::scheduling
