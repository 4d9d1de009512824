#pragma once

#include "kernels/bert/ner_model.hpp"
#include "kernels/result.hpp"

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace troupe::cli {

/// Makes up sentences of an exact number of tokens from the words of real ones. The same words and numbers give the same
/// sentences.
class sentence_maker {
public:
  /// @param texts what the words come from. @returns an error where no word of them is a single word piece.
  [[nodiscard]] static result<sentence_maker> make(const bert::ner_model& model,
                                                   std::span<const std::string> texts);

  /// `count` sentences of `tokens` tokens each, [CLS] and [SEP] counted; `tokens` is 3 up to the model's `max_length`.
  [[nodiscard]] std::vector<std::string> sentences(std::size_t count, std::size_t tokens) const;

private:
  struct word {
    std::string text;
    std::size_t pieces = 0;
  };

  explicit sentence_maker(std::vector<word> words) : words_{std::move(words)} {}

  /// In the order of the texts; at least one has one piece.
  std::vector<word> words_;
};

} // namespace troupe::cli
