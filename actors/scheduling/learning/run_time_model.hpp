#pragma once

#include <cstdint>
#include <optional>

namespace troupe::scheduling {

/// How long something runs, learnt from measured run times one after another, by the size of its input: the logarithm of the
/// run time is a line over the logarithm of the size, with errors of one width. Old measurements fade, so that a machine
/// that became slower is noticed within a few dozen. Plain numbers; not thread-safe.
/// Source: weighted incremental moments, West: Updating mean and variance estimates (1979); exponential forgetting.
class run_time_model {
public:
  /// What a measurement counts for one later: about the last hundred count.
  static constexpr double forgetting = 0.99;
  /// All that is known; for files.
  struct moments {
    /// Measurements so far, and what they still count for together.
    std::uint64_t count = 0;
    double weight = 0;
    /// Of log(1 + bytes) and log(seconds): means, and weighted sums of squares around them.
    double mean_size = 0, mean_time = 0;
    double size_size = 0, size_time = 0, time_time = 0;

    bool operator==(const moments&) const = default;
  };

  run_time_model() = default;
  explicit run_time_model(const moments& known) : known_{known} {}

  /// @param seconds not negative; what is shorter than a microsecond counts as one.
  void observe(double seconds, std::uint64_t bytes);
  [[nodiscard]] const moments& known() const { return known_; }

  // For an input of a size, or of what was usual so far; only where something was observed. In seconds, finite.

  [[nodiscard]] double mean(std::optional<std::uint64_t> bytes = {}) const;
  /// What the next run time is below with probability `p`, as far as the observations say: few of them make it wide.
  /// @param p from 0.001 to 0.999.
  [[nodiscard]] double quantile(double p, std::optional<std::uint64_t> bytes = {}) const;
  /// By which power of its size an input's run time grows.
  [[nodiscard]] double exponent() const;

private:
  struct line;
  [[nodiscard]] line at(std::optional<std::uint64_t> bytes) const;

  moments known_;
};

/// Whether these numbers can be of a model.
[[nodiscard]] bool is_sound(const run_time_model::moments& of);

} // namespace troupe::scheduling
