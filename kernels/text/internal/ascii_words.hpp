#pragma once

#include "kernels/text/internal/ascii_table.hpp"
#include "kernels/text/internal/piece_model.hpp"
#include "kernels/text/internal/token_buffer.hpp"
#include "kernels/text/internal/word_cache.hpp"
#include "kernels/text/internal/word_table.hpp"

#include <cstddef>
#include <string_view>

namespace troupe::text::internal {

/// What the loop over ASCII words works with. Borrowed from the tokenizer, but for the cache, which is the thread's.
struct ascii_word_model {
  const ascii_table* ascii;
  const word_table* whole_words;
  word_cache* cache;
  const piece_model* pieces;
  std::uint32_t cache_owner;
  bool lowercase;
};

/// Encodes white space, punctuation and whole ASCII words of `text` from `at` on, 16 bytes at a time. Stops before the first
/// word that it leaves to the general path: one of more than `word_key::max_bytes` bytes, one with other bytes in it or
/// directly behind it, one of very many pieces, and anything that is not ASCII or is removed.
/// @param at where no word is under way. @returns where it stopped, `text.size()` when all is done.
/// With the best instructions of this processor, chosen at run time.
std::size_t encode_ascii_words(std::string_view text, std::size_t at, const ascii_word_model& model,
                               token_buffer& out);

} // namespace troupe::text::internal
