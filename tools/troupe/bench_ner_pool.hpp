#pragma once

#include "kernels/bert/ner_extractor.hpp"
#include "kernels/bert/ner_model.hpp"

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

namespace troupe::cli {

/// How the processors are used.
struct ner_pool_options {
  bert::precision precision = bert::precision::automatic;
  /// Each runs batches by itself ...
  std::size_t workers = 1;
  /// ... on this many threads.
  std::size_t threads_per_worker = 1;
  /// The most tokens of a batch, except that a longer window goes alone.
  std::size_t batch_tokens = bert::defaults::batch_tokens;
};

/// A model and threads that find entities in many texts at once. Equal texts are computed as often as they come: this
/// measures what computing costs. One caller at a time.
class ner_pool {
public:
  using spans_of_texts = std::vector<std::vector<bert::ner_span>>;

  [[nodiscard]] static result<std::unique_ptr<ner_pool>> load(const std::filesystem::path& model,
                                                              const ner_pool_options& options);

  /// The entities of every text (aggregation "simple"), in the order of `texts`. With one worker the calling thread does
  /// the work.
  [[nodiscard]] result<spans_of_texts> extract(std::span<const std::string_view> texts);

  /// Only the engine's part of that: the logits of texts that are tokenised already.
  [[nodiscard]] result<void> classify(std::span<const bert::prepared_text> texts);

  /// From now on only so many workers take part; 1 up to those that were asked for.
  void use_workers(std::size_t count) {
    active_ = std::clamp<std::size_t>(count, 1, workers_.size());
  }

  /// Changes the most tokens of a batch. @returns the engine's errors; some workers may have changed by then.
  [[nodiscard]] result<void> set_batch_tokens(std::size_t tokens);

  [[nodiscard]] const bert::ner_model& model() const { return *model_; }

private:
  /// What one worker works with.
  struct worker {
    bert::ner_extractor extractor;
    std::unique_ptr<bert::workspace> scratch;
    bert::packed_windows batch;
  };
  /// Does [first, last) of the work.
  using chunk_function = std::function<result<void>(worker&, std::size_t first, std::size_t last)>;

  explicit ner_pool(std::shared_ptr<const bert::ner_model> model) : model_{std::move(model)} {}
  [[nodiscard]] result<worker> make_worker(std::size_t batch_tokens) const;
  /// Hands out [0, size) in chunks to all workers. @returns the first error.
  [[nodiscard]] result<void> share_out(std::size_t size, const chunk_function& work);
  [[nodiscard]] result<void> classify_chunk(worker& by,
                                            std::span<const bert::prepared_text> texts) const;

  std::shared_ptr<const bert::ner_model> model_;
  std::vector<worker> workers_;
  std::size_t active_ = 0;
  std::size_t batch_tokens_ = 0;
};

} // namespace troupe::cli
