// Invariants on random input. RapidCheck prints the seed of a failure; RC_PARAMS="seed=... max_success=..." repeats it.
#include "kernels/text/offsets.hpp"
#include "kernels/text/piece_trie.hpp"
#include "kernels/text/utf8.hpp"
#include "tests/kernels/text/tiny_model.hpp"

#include <algorithm>
#include <map>
#include <rapidcheck/boost_test.h>
#include <string>
#include <vector>

using namespace troupe;
using namespace troupe::text;

namespace {

/// Any bytes, mostly not UTF-8.
rc::Gen<std::string> any_bytes() {
  return rc::gen::container<std::string>(rc::gen::arbitrary<char>());
}

/// Any text: ASCII, two to four bytes, marks, syllables, ideographs, special tokens and what is nearly one.
rc::Gen<std::string> any_text() {
  const auto code_point = rc::gen::weightedOneOf<char32_t>(
      {{6, rc::gen::inRange<char32_t>(0x20, 0x7F)},
       {1, rc::gen::inRange<char32_t>(0, 0x20)},
       {2, rc::gen::inRange<char32_t>(0x80, 0x600)},
       {2, rc::gen::inRange<char32_t>(0x300, 0x370)},
       {1, rc::gen::inRange<char32_t>(0xAC00, 0xD7A4)},
       {1, rc::gen::inRange<char32_t>(0x4E00, 0x9FFF)},
       {1, rc::gen::inRange<char32_t>(0x1D150, 0x1D1C0)},
       {1, rc::gen::element<char32_t>(0x1B44, 0x302E, 0x130, 0xAD, 0x34F)},
       {1, rc::gen::inRange<char32_t>(0xE000, 0x110000)}});
  const auto part = rc::gen::weightedOneOf<std::string>(
      {{20, rc::gen::map(code_point,
                         [](char32_t c) {
                           char bytes[4];
                           return std::string{bytes, encode_utf8(c, bytes)};
                         })},
       {2, rc::gen::element<std::string>("[MASK]", "[MASK", "[CLS][SEP]", "hello", "Unknowns",
                                         "WORLD", ", ")}});
  return rc::gen::map(rc::gen::container<std::vector<std::string>>(part),
                      [](const std::vector<std::string>& parts) {
                        std::string out;
                        for (const auto& each : parts)
                          out += each;
                        return out;
                      });
}

/// A tokenizer with short pieces, so that few words are unknown, and word shapes.
const wordpiece_tokenizer& tokenizer() {
  static const wordpiece_tokenizer loaded = [] {
    const test::tiny_model model;
    std::string pieces = test::tiny_model::pieces;
    for (char32_t c = 0x21; c < 0x500; ++c) {
      char bytes[4];
      const std::string piece{bytes, encode_utf8(c, bytes)};
      pieces.append(piece).append("\n##").append(piece).append("\n");
    }
    model.write("vocab.txt", pieces);
    model.write("config.json", R"({"token_types": "word_shape"})");
    return model.load();
  }();
  return loaded;
}

/// Everything that must hold of the tokens of any text. Word ids need not start at 0 in a window.
void check_invariants(const encoding& tokens, std::string_view text) {
  const std::size_t n = tokens.size();
  RC_ASSERT(n >= 2u);
  RC_ASSERT(tokens.token_type_ids.size() == n && tokens.offsets.size() == n &&
            tokens.special_mask.size() == n && tokens.word_ids.size() == n);
  RC_ASSERT(tokens.token_ids.front() == tokenizer().cls_id() &&
            tokens.token_ids.back() == tokenizer().sep_id());
  for (std::size_t i = 1; i + 1 < n; ++i) {
    RC_ASSERT(tokens.token_ids[i] >= 0 &&
              static_cast<std::size_t>(tokens.token_ids[i]) < tokenizer().vocab_size());
    RC_ASSERT(tokens.token_type_ids[i] >= 0 && tokens.token_type_ids[i] <= 3);
    RC_ASSERT(tokens.special_mask[i] == 0);
    const auto [start, end] = tokens.offsets[i];
    RC_ASSERT(start < end && end <= text.size());
    if (i == 1) continue;
    const auto before = tokens.offsets[i - 1];
    RC_ASSERT(before.start <= start && before.end <= end);
    const std::int32_t step = tokens.word_ids[i] - tokens.word_ids[i - 1];
    RC_ASSERT(step == 0 || step == 1);
    // Words do not overlap; pieces of one may share a code point.
    RC_ASSERT(step == 0 || before.end <= start);
  }
}

} // namespace

BOOST_AUTO_TEST_SUITE(text_properties)

RC_BOOST_PROP(repairing_twice_changes_nothing, ()) {
  const auto bytes = *any_bytes();
  const repaired once = repair_utf8(bytes), twice = repair_utf8(once.text);
  RC_ASSERT(is_valid_utf8(once.text));
  RC_ASSERT(twice.text == once.text && twice.replaced == 0u);
  RC_ASSERT(is_valid_utf8(bytes) == (once.replaced == 0u));
}

RC_BOOST_PROP(any_bytes_give_the_tokens_of_the_repaired_text, ()) {
  const auto bytes = *rc::gen::map(rc::gen::pair(any_bytes(), any_text()), [](const auto& both) {
    return both.first + both.second + both.first;
  });
  const encoding raw = tokenizer().encode(bytes);
  check_invariants(raw, bytes);
  const std::string text = repair_utf8(bytes).text;
  const encoding repaired = tokenizer().encode(text);
  check_invariants(repaired, text);
  RC_ASSERT(raw.token_ids == repaired.token_ids && raw.word_ids == repaired.word_ids);
}

RC_BOOST_PROP(offsets_are_in_bounds_and_rise, ()) {
  const auto text = *any_text();
  const encoding tokens = tokenizer().encode(text);
  check_invariants(tokens, text);
  // They fall on the bounds of code points.
  for (const auto& [start, end] : tokens.offsets) {
    RC_ASSERT(start == text.size() || !is_continuation(text[start]));
    RC_ASSERT(end == text.size() || !is_continuation(text[end]));
  }
}

RC_BOOST_PROP(windows_cover_all_pieces, ()) {
  const auto text = *any_text();
  const auto max_length = *rc::gen::inRange<std::size_t>(3, 20);
  const auto stride = *rc::gen::inRange<std::size_t>(0, max_length - 2);
  const encoding whole = tokenizer().encode(text);
  const auto windows = tokenizer().encode_windows(text, max_length, stride);
  RC_ASSERT(windows.has_value());
  encoding joined;
  joined.add_special(tokenizer().cls_id());
  for (const encoding& window : *windows) {
    check_invariants(window, text);
    RC_ASSERT(window.size() <= max_length);
    const bool first = &window == &windows->front();
    RC_ASSERT(first || window.size() > stride + 2); // each brings something new
    joined.append(window, first ? 1 : 1 + stride, window.size() - 1);
  }
  joined.add_special(tokenizer().sep_id());
  RC_ASSERT(joined.token_ids == whole.token_ids && joined.offsets == whole.offsets &&
            joined.word_ids == whole.word_ids && joined.token_type_ids == whole.token_type_ids);
}

RC_BOOST_PROP(words_give_what_they_give_alone, ()) {
  const auto words = *rc::gen::container<std::vector<std::string>>(any_text());
  const encoding together = tokenizer().encode_words(words);
  std::size_t at = 1;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const encoding alone = tokenizer().encode(words[i]);
    for (std::size_t j = 1; j + 1 < alone.size(); ++j, ++at) {
      RC_ASSERT(together.token_ids.at(at) == alone.token_ids[j]);
      RC_ASSERT(together.offsets[at] == alone.offsets[j]);
      RC_ASSERT(together.word_ids[at] == static_cast<std::int32_t>(i));
    }
  }
  RC_ASSERT(at + 1 == together.size());
}

RC_BOOST_PROP(encoding_is_the_inverse_of_decoding, ()) {
  const auto text = *any_text();
  std::string again;
  for (std::size_t at = 0; at < text.size();) {
    const decoded next = decode_utf8(text, at);
    RC_ASSERT(next.valid);
    char bytes[4];
    again.append(bytes, encode_utf8(next.code_point, bytes));
    at += next.size;
  }
  RC_ASSERT(again == text);
}

RC_BOOST_PROP(offset_index_counts, ()) {
  const auto text = *any_text();
  const auto bytes = *rc::gen::container<std::vector<std::size_t>>(
      rc::gen::inRange<std::size_t>(0, text.size() + 2));
  offset_index index{text};
  for (std::size_t byte : bytes) {
    const std::size_t codepoint = index.codepoint(byte), utf16 = index.utf16(byte);
    byte = std::min(byte, text.size());
    while (byte < text.size() && is_continuation(text[byte]))
      --byte;
    std::size_t want = 0, want_utf16 = 0;
    for (std::size_t at = 0; at < byte; ++want) {
      const decoded next = decode_utf8(text, at);
      want_utf16 += next.code_point > 0xFFFF ? 2 : 1;
      at += next.size;
    }
    RC_ASSERT(codepoint == want && utf16 == want_utf16);
  }
}

RC_BOOST_PROP(original_index_leads_back, ()) {
  const auto bytes = *any_bytes();
  const auto text = repair_utf8(bytes).text;
  original_index index{bytes};
  std::size_t at = 0;
  for (std::size_t original = 0; original < bytes.size();) {
    RC_ASSERT(index.original(at) == original);
    at += decode_utf8(text, at).size;
    original += decode_utf8(bytes, original).size;
  }
  RC_ASSERT(index.original(text.size()) == bytes.size());
  RC_ASSERT(index.original(text.size() + 9) == bytes.size());
  RC_ASSERT(index.original(0) == 0u);
}

RC_BOOST_PROP(a_text_may_be_cut_where_last_cut_says, ()) {
  const auto text = *any_text();
  // As one sees it who has not read all of it yet.
  const auto seen = *rc::gen::inRange<std::size_t>(0, text.size() + 1);
  const std::size_t cut = tokenizer().last_cut(std::string_view{text}.substr(0, seen));
  RC_CLASSIFY(cut > 0, "cut");
  RC_ASSERT(cut == 0 || cut < seen);
  const encoding whole = tokenizer().encode(text);
  const encoding first = tokenizer().encode(std::string_view{text}.substr(0, cut));
  const encoding second = tokenizer().encode(std::string_view{text}.substr(cut));
  encoding both;
  both.append(first, 0, first.size() - 1);
  const auto words = first.size() > 2 ? first.word_ids[first.size() - 2] + 1 : 0;
  const auto bytes = static_cast<std::uint32_t>(cut);
  for (std::size_t i = 1; i + 1 < second.size(); ++i)
    both.add(second.token_ids[i], second.token_type_ids[i],
             {second.offsets[i].start + bytes, second.offsets[i].end + bytes},
             second.word_ids[i] + words);
  both.add_special(tokenizer().sep_id());
  RC_ASSERT(both.token_ids == whole.token_ids && both.token_type_ids == whole.token_type_ids &&
            both.offsets == whole.offsets && both.word_ids == whole.word_ids);
}

RC_BOOST_PROP(trie_is_a_map, ()) {
  const auto letters =
      rc::gen::container<std::string>(rc::gen::element('a', 'b', '\0', '\xFF', '#'));
  const auto pieces = *rc::gen::container<std::vector<std::string>>(letters);
  const auto others = *rc::gen::container<std::vector<std::string>>(letters);
  const piece_trie trie{pieces};
  std::map<std::string, std::int32_t> model;
  for (std::size_t i = 0; i < pieces.size(); ++i)
    model[pieces[i]] = static_cast<std::int32_t>(i);
  model.erase("");
  for (const auto* list : {&pieces, &others}) {
    for (const auto& piece : *list) {
      const auto at = model.find(piece);
      RC_ASSERT(trie.find(piece) == (at == model.end() ? -1 : at->second));
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
