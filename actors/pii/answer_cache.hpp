#pragma once

#include "kernels/bert/decode.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace troupe::pii {

/// What a model found: label, score and place in the text that it read.
struct model_answer {
  std::string label;
  double score = 0;
  std::size_t start = 0, end = 0;
};
using model_answers = std::vector<model_answer>;

/// The answers to texts that were asked lately. The key is the whole text that a model reads, so an answer from here is
/// the one that the model would give. Bounded: two generations, of which the older goes as a whole. One thread.
class answer_cache {
public:
  /// @param bytes what texts and answers may take, about.
  explicit answer_cache(std::size_t bytes) : most_bytes_(bytes / 2) {}

  /// @returns nullptr for a text that is not known; else valid until the next `add` or `find`.
  [[nodiscard]] const model_answers* find(const std::string& text) {
    if (const auto at = young_.find(text); at != young_.end()) return &at->second;
    const auto at = old_.find(text);
    if (at == old_.end()) return nullptr;
    auto answers = std::move(at->second);
    old_.erase(at);
    return &insert(text, std::move(answers));
  }

  /// Keeps `answers` as those of `text`, unless they are larger than all that may be kept.
  void add(const std::string& text, model_answers answers) { insert(text, std::move(answers)); }

private:
  model_answers& insert(const std::string& text, model_answers answers) {
    constexpr std::size_t overhead = 96; // of a node, about
    const auto size = text.size() + overhead + answers.size() * sizeof(model_answer);
    if (bytes_ + size > most_bytes_) {
      old_ = std::move(young_);
      young_ = {};
      bytes_ = 0;
    }
    bytes_ += size;
    return young_[text] = std::move(answers);
  }

  std::size_t most_bytes_;
  std::size_t bytes_ = 0;
  std::unordered_map<std::string, model_answers> young_, old_;
};

} // namespace troupe::pii
