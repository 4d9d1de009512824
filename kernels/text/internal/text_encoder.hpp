#pragma once

#include "kernels/text/internal/ascii_table.hpp"
#include "kernels/text/internal/piece_model.hpp"
#include "kernels/text/internal/token_buffer.hpp"
#include "kernels/text/internal/word_encoder.hpp"
#include "kernels/text/internal/word_table.hpp"
#include "kernels/text/normalizer.hpp"
#include "kernels/text/special_tokens.hpp"
#include "kernels/text/tokenizer_config.hpp"
#include "kernels/text/vocabulary.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace troupe::text::internal {

/// What a tokenizer knows, less the text of its files. Immutable once `specials` and `pieces` are set; any thread.
struct text_model {
  text_model(const vocabulary& words, const tokenizer_options& options);

  normalizer rules;
  ascii_table ascii;
  word_table whole_words;
  special_tokens specials;
  piece_model pieces;
  /// Whose words these are in the caches of the threads.
  std::uint32_t cache_owner;
  /// Whether ASCII words go through `encode_ascii_words`; else all text takes the general path, with the same tokens.
  bool vectorized;
};

/// Encodes one text: special tokens first, then what lies between them, ASCII words apart from the rest.
class text_encoder {
public:
  /// All borrowed.
  text_encoder(const text_model& model, std::string_view text, token_buffer& out)
      : model_{model}, text_{text}, out_{out}, words_{model.pieces, text, out} {}

  void run();

private:
  void segment(std::size_t begin, std::size_t end);
  std::size_t stretch(std::string_view text, std::size_t begin, std::size_t at);
  std::size_t ascii_word(std::string_view text, std::size_t at);

  const text_model& model_;
  std::string_view text_;
  token_buffer& out_;
  word_encoder words_;
};

} // namespace troupe::text::internal
