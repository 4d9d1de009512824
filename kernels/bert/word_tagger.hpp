#pragma once

#include "kernels/bert/window_runner.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace troupe::bert {

/// Labels words rather than text: every word has the label of its first piece, read from the window
/// in which that piece lies farthest from a cut. What corpora with a tag per word are compared with.
/// One thread at a time; make one per thread.
class word_tagger {
public:
  using words = std::vector<std::string>;
  /// Of each word its index into the model's labels, or nothing for a word without pieces (the
  /// tokenizer drops control characters).
  using word_labels = std::vector<std::optional<std::size_t>>;

  /// @param batch_tokens as `window_runner::make`, whose errors it returns.
  [[nodiscard]] static result<word_tagger> make(std::shared_ptr<const ner_model> model,
                                                std::size_t batch_tokens = defaults::batch_tokens);

  /// The labels of the words of every text, in the order of `texts`. A text longer than a window is
  /// read in several. @returns errors of `ner_model::prepare_words` and of the engine.
  [[nodiscard]] result<std::vector<word_labels>> tag(std::span<const words> texts,
                                                     const window_options& windows = {});

private:
  explicit word_tagger(window_runner runner) : runner_(std::move(runner)) {}

  window_runner runner_;
};

} // namespace troupe::bert
