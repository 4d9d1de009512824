#pragma once

#include "kernels/text/utf8.hpp"
#include "kernels/text/vocabulary.hpp"
#include "kernels/text/wordpiece.hpp"

#include <cstdint>
#include <hwy/targets.h>
#include <string>
#include <vector>

namespace troupe::test {

/// The same tokenizer twice: as it is, and without its fast path for ASCII words, which must give the same tokens.
struct two_paths {
  text::wordpiece_tokenizer fast, general;

  two_paths(const std::vector<std::string>& pieces, text::tokenizer_options options)
      : fast{make(pieces, options, true)}, general{make(pieces, options, false)} {}

private:
  static text::wordpiece_tokenizer make(const std::vector<std::string>& pieces,
                                        text::tokenizer_options options, bool vectorized) {
    options.vectorized = vectorized;
    return *text::wordpiece_tokenizer::create(text::vocabulary{pieces}, std::move(options));
  }
};

inline std::vector<std::string> special_pieces() {
  return {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"};
}

/// Lets only one instruction set be used while it lives.
class only_instructions {
public:
  explicit only_instructions(std::int64_t target) { hwy::SetSupportedTargetsForTest(target); }
  ~only_instructions() { hwy::SetSupportedTargetsForTest(0); }
};

/// Special tokens, words of many lengths and their pieces, and each of `letters` alone and as a continuation. Words of other
/// letters are unknown.
inline std::vector<std::string> pieces_of(std::u32string_view letters) {
  std::vector<std::string> out = special_pieces();
  for (const char* piece : {"hello", "world", "##s", "un", "##known", "ab", "##ab", "abc", "##bc",
                            "aaaa", "##aaaaaaa", "Ab", "abcabcabcabcab", "abcabcabcabcabc",
                            "abcabcabcabcabca", "2026", "##26", "e\u0301", "hel"})
    out.emplace_back(piece);
  for (const char32_t letter : letters) {
    char bytes[4];
    const std::string piece{bytes, text::encode_utf8(letter, bytes)};
    out.push_back(piece);
    out.push_back("##" + piece);
  }
  return out;
}

/// All settings of a normaliser, with and without word shapes, and an added token.
inline std::vector<text::tokenizer_options> all_options() {
  std::vector<text::tokenizer_options> out;
  for (unsigned bits = 0; bits < 16; ++bits) {
    text::tokenizer_options options;
    options.lowercase = (bits & 1) != 0;
    options.strip_accents = (bits & 2) != 0;
    options.split_cjk = (bits & 4) != 0;
    options.word_shapes = (bits & 8) != 0;
    if (bits % 3 == 0) options.added_tokens = {{"hel", -1}};
    out.push_back(std::move(options));
  }
  return out;
}

inline bool equal(const text::encoding& a, const text::encoding& b) {
  return a.token_ids == b.token_ids && a.token_type_ids == b.token_type_ids &&
         a.offsets == b.offsets && a.special_mask == b.special_mask && a.word_ids == b.word_ids;
}

} // namespace troupe::test
