#pragma once

#include "kernels/result.hpp"
#include "tools/troupe/bench_figure.hpp"

#include <cstddef>
#include <filesystem>

namespace troupe::cli {

struct runs_settings {
  /// Where the stores are made and removed again; empty: the working folder.
  std::filesystem::path folder;
  std::size_t repetitions = 3;
  /// Runs that wait at once, half of them for a time, half for a signal.
  std::size_t waiting = 10'000;
  /// Closed runs in the store that is searched.
  std::size_t finished = 100'000;
};

/// Measures what many runs cost: the memory of each while it waits, the time until another engine has taken all of them over,
/// and searches in a store of many closed ones.
/// @returns `bench_failed`, or what the store says.
[[nodiscard]] result<void> run_bench_runs(const runs_settings& settings, figure_sink& out);

} // namespace troupe::cli
