#pragma once

#include "kernels/bert/conll.hpp"
#include "kernels/bert/quantization.hpp"
#include "tools/troupe/eval_run.hpp"

#include <cstddef>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace troupe::cli {

/// Sentences to compare a model's answers on; with tags where somebody labelled them.
struct quantize_data {
  std::string source;
  std::vector<bert::corpus_sentence> sentences;
  bool labelled = false;
};

/// What int8 may cost at most.
struct quantize_bounds {
  /// Part of the float32 model's spans.
  double differing_spans = 0.005;
  /// As F1 goes, from 0 to 1.
  double f1_loss = 0.0015;
};

/// How one choice of products compares with float32.
struct quantize_outcome {
  std::vector<bert::product_name> kept;
  double differing_spans = 0;
  std::optional<double> f1, f1_loss;

  [[nodiscard]] bool within(const quantize_bounds& bounds) const {
    return differing_spans <= bounds.differing_spans && f1_loss.value_or(0) <= bounds.f1_loss;
  }
};

/// What the search found.
struct quantize_result {
  quantize_outcome best;
  /// Every choice that was looked at whole, in order.
  std::vector<quantize_outcome> tried;
  std::size_t spans = 0;
  std::optional<double> f1_of_fp32;
};

/// Compares int8 with float32 on `data`; where it costs more than `bounds` say, finds out which products are the sensitive
/// ones (the error of the logits with each alone in int8) and keeps more and more of them in a better type, half of all at most,
/// until it does not. Blocks; needs minutes for large models.
/// @param say called with what is done next, for progress.
/// @returns nothing when a signal asked to stop.
[[nodiscard]] result<std::optional<quantize_result>>
search_quantization(const std::filesystem::path& model_dir, const quantize_data& data,
                    const quantize_bounds& bounds, std::size_t threads,
                    const std::function<void(const std::string&)>& say);

} // namespace troupe::cli
