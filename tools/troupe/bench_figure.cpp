#include "tools/troupe/bench_figure.hpp"

#include <algorithm>
#include <cmath>

namespace troupe::cli {

namespace {

double middle(std::vector<double>& sorted) {
  const auto half = sorted.size() / 2;
  return sorted.size() % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

} // namespace

figure summarise(std::string bench, std::string name, std::string unit, std::vector<double> samples,
                 bench_settings settings, std::optional<bench_goal> goal) {
  std::sort(samples.begin(), samples.end());
  return {.bench = std::move(bench),
          .name = std::move(name),
          .unit = std::move(unit),
          .value = middle(samples),
          .min = samples.front(),
          .max = samples.back(),
          .repetitions = samples.size(),
          .settings = std::move(settings),
          .goal = goal};
}

double quantile(std::vector<double>& samples, double p) {
  const auto last = static_cast<double>(samples.size() - 1);
  const auto at = samples.begin() + static_cast<std::ptrdiff_t>(std::lround(p * last));
  std::nth_element(samples.begin(), at, samples.end());
  return *at;
}

std::vector<double> ratios(const std::vector<double>& ours, const std::vector<double>& floor) {
  std::vector<double> out(ours.size());
  std::transform(ours.begin(), ours.end(), floor.begin(), out.begin(), std::divides<>{});
  return out;
}

} // namespace troupe::cli
