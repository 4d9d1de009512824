#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace troupe::cli {

/// Under what conditions a figure was measured, in the order shown: {{"workers", 2}, {"policy", "sharing"}}.
using bench_setting = std::variant<bool, std::int64_t, std::uint64_t, double, std::string>;
using bench_settings = std::vector<std::pair<std::string, bench_setting>>;

/// The bound that a figure is meant to keep.
struct bench_goal {
  enum class kind { at_most, at_least };
  kind side = kind::at_most;
  double bound = 0;

  [[nodiscard]] bool met_by(double value) const {
    return side == kind::at_most ? value <= bound : value >= bound;
  }
};

[[nodiscard]] inline bench_goal at_most(double bound) {
  return {bench_goal::kind::at_most, bound};
}
[[nodiscard]] inline bench_goal at_least(double bound) {
  return {bench_goal::kind::at_least, bound};
}

/// One measured number.
struct figure {
  /// The bench that found it: "agents", "durable", "ner", "scheduling", "tokenizer".
  std::string bench;
  /// Lower case, parts joined by dots; what is compared with it differs in the last part: "request.p50",
  /// "request.p50.bare_caf", "request.p50.ratio".
  std::string name;
  /// "us", "messages/s", "bytes", "ratio", ...
  std::string unit;
  /// Median, smallest and largest over the repetitions.
  double value = 0, min = 0, max = 0;
  std::size_t repetitions = 0;
  bench_settings settings{};
  std::optional<bench_goal> goal{};
};

/// Median, minimum and maximum of one sample per repetition; `samples` is not empty. The median of an even number is the
/// mean of the middle two.
[[nodiscard]] figure summarise(std::string bench, std::string name, std::string unit,
                               std::vector<double> samples, bench_settings settings = {},
                               std::optional<bench_goal> goal = {});

/// The p-quantile (0 <= p <= 1) of `samples`, which are not empty and get reordered.
[[nodiscard]] double quantile(std::vector<double>& samples, double p);

/// `ours[i] / floor[i]`: both were measured in round i, so what slows the machine for a while cancels out. Same lengths.
[[nodiscard]] std::vector<double> ratios(const std::vector<double>& ours,
                                         const std::vector<double>& floor);

/// Where a bench puts its figures as it finds them. One thread.
class figure_sink {
public:
  virtual ~figure_sink() = default;
  virtual void put(figure found) = 0;
  /// Whether the bench should end early (Ctrl-C, or nobody reads any more): ask before every round, and return.
  [[nodiscard]] virtual bool stopped() const = 0;
};

} // namespace troupe::cli
