#pragma once

#include "kernels/result.hpp"
#include "tools/troupe/bench_figure.hpp"

#include <cstddef>
#include <filesystem>

namespace troupe::cli {

struct durable_settings {
  /// Where the stores are made and removed again; empty: the working folder. On the kind of disk that
  /// the figures are for: in memory a commit costs nothing.
  std::filesystem::path folder;
  std::size_t repetitions = 5;
  /// Runs at once, and the steps of each, one after another.
  std::size_t runs = 64;
  std::size_t steps = 200;
  /// See `engine_options`.
  std::size_t max_started_ahead = 0;
};

/// Measures the history rows that the workflow engine commits per second (`synchronous=FULL`) while
/// all runs go through steps that do nothing, and, in turns, the rows that SQLite alone inserts per
/// second: the same bytes into the same tables, as many to a transaction as the engine had.
/// @returns `bench_failed`, or what the store says.
[[nodiscard]] result<void> run_bench_durable(const durable_settings& settings, figure_sink& out);

} // namespace troupe::cli
