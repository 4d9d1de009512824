#pragma once

#include "kernels/text/normalizer.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace troupe::text {

/// The tokens of one text, or of one window of it. All vectors have the same length [tokens].
struct encoding {
  std::vector<std::int32_t> token_ids;
  /// 0, or the `word_shape` of the token's word where the model has such token types.
  std::vector<std::int32_t> token_type_ids;
  /// Bytes of the original text (of the word, for `encode_words`); [0, 0] for tokens that the tokenizer added.
  std::vector<byte_range> offsets;
  /// 1 for a token that the tokenizer added. A special token written out in the text has 0.
  std::vector<std::uint8_t> special_mask;
  /// The number of the pre-token (of the word, for `encode_words`) that the token is a piece of, rising from 0; -1 for
  /// tokens that the tokenizer added.
  std::vector<std::int32_t> word_ids;

  [[nodiscard]] std::size_t size() const noexcept { return token_ids.size(); }

  /// Forgets the tokens and keeps the memory.
  void clear() {
    token_ids.clear();
    token_type_ids.clear();
    offsets.clear();
    special_mask.clear();
    word_ids.clear();
  }

  void reserve(std::size_t tokens) {
    token_ids.reserve(tokens);
    token_type_ids.reserve(tokens);
    offsets.reserve(tokens);
    special_mask.reserve(tokens);
    word_ids.reserve(tokens);
  }

  /// Appends a token of the text.
  void add(std::int32_t token_id, std::int32_t token_type_id, byte_range offset,
           std::int32_t word_id) {
    token_ids.push_back(token_id);
    token_type_ids.push_back(token_type_id);
    offsets.push_back(offset);
    special_mask.push_back(0);
    word_ids.push_back(word_id);
  }

  /// Appends a token that is not in the text.
  void add_special(std::int32_t token_id) {
    add(token_id, 0, {}, -1);
    special_mask.back() = 1;
  }

  /// Appends the tokens [first, last) of `other`.
  void append(const encoding& other, std::size_t first, std::size_t last);
};

} // namespace troupe::text
