#pragma once

#include "tools/troupe/bench_figure.hpp"
#include "tools/troupe/bench_ner_pool.hpp"
#include "tools/troupe/bench_texts.hpp"

#include <cstddef>
#include <filesystem>
#include <string>

namespace troupe::cli {

/// What a sweep changes from point to point.
enum class ner_sweep { none, lengths, threads, batch };

struct ner_sweep_options {
  ner_sweep over = ner_sweep::none;
  bert::precision precision = bert::precision::automatic;
  std::size_t repetitions = 5;
  /// The most of `threads`; the others use one.
  std::size_t threads = 1;
  /// Of one point and round.
  std::size_t tokens = 0;
};

/// Rates of text to entities at every point of a sweep; all points take their turn in every round.
[[nodiscard]] result<void> sweep_ner(const std::filesystem::path& model, const bench_texts& data,
                                     const ner_sweep_options& options, figure_sink& out);

} // namespace troupe::cli
