#pragma once

#include "kernels/text/utf8.hpp"
#include "kernels/text/wordpiece.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace troupe::fuzz {

/// Requires what must hold of the tokens of any `text`, also one that is not UTF-8: lengths agree, ids exist, offsets are
/// inside the text and rise, words do not overlap. Word ids need not start at 0 in a window.
inline void require_sound(const text::wordpiece_tokenizer& tokenizer, const text::encoding& tokens,
                          std::string_view text) {
  const std::size_t n = tokens.size();
  require(n >= 2 && tokens.token_type_ids.size() == n && tokens.offsets.size() == n &&
              tokens.special_mask.size() == n && tokens.word_ids.size() == n,
          "all vectors have one length");
  require(tokens.token_ids.front() == tokenizer.cls_id() &&
              tokens.token_ids.back() == tokenizer.sep_id(),
          "the first is CLS, the last SEP");
  for (std::size_t i = 1; i + 1 < n; ++i) {
    require(tokens.token_ids[i] >= 0 &&
                static_cast<std::size_t>(tokens.token_ids[i]) < tokenizer.vocab_size(),
            "ids exist");
    const auto [start, end] = tokens.offsets[i];
    require(start < end && end <= text.size(), "offsets are inside the text");
    if (i == 1) continue;
    const auto before = tokens.offsets[i - 1];
    const auto step = tokens.word_ids[i] - tokens.word_ids[i - 1];
    require(before.start <= start && before.end <= end, "offsets rise");
    require(step == 0 || (step == 1 && before.end <= start), "words do not overlap");
  }
}

/// Requires that offsets of a well-formed `text` fall between code points.
inline void require_boundaries(const text::encoding& tokens, std::string_view text) {
  for (const auto& [start, end] : tokens.offsets)
    require((start == text.size() || !text::is_continuation(text[start])) &&
                (end == text.size() || !text::is_continuation(text[end])),
            "offsets fall between code points");
}

} // namespace troupe::fuzz
