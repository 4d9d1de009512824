#pragma once

#include "kernels/bert/conll.hpp"
#include "kernels/bert/ner_model.hpp"

#include <cstddef>
#include <functional>
#include <optional>
#include <vector>

namespace troupe::cli {

/// How a corpus is put before a model.
struct tagging_options {
  /// Whether neighbouring sentences of one document share a window, as many as fit in whole; else every sentence is read
  /// by itself.
  bool document_context = false;
  bert::window_options windows{};
  /// Worker threads, at least 1.
  std::size_t threads = 1;
};

/// Tags of every word of `sentences` as the model sees them, O, B-X and I-X only, sentence by sentence. Blocks; works on
/// threads of its own, which are gone when it returns.
/// @param on_progress called now and then on the calling thread with the number of sentences done.
/// @returns the tags, nothing when a signal asked to stop (`interrupt`), or the model's first error.
[[nodiscard]] result<std::optional<std::vector<bert::tag_sequence>>>
tag_corpus(const std::shared_ptr<const bert::ner_model>& model,
           const std::vector<bert::corpus_sentence>& sentences, const tagging_options& options,
           const std::function<void(std::size_t)>& on_progress);

} // namespace troupe::cli
