#include "kernels/text/internal/text_encoder.hpp"

#include "kernels/text/internal/ascii_words.hpp"

namespace troupe::text::internal {

text_model::text_model(const vocabulary& words, const tokenizer_options& options)
    : rules{{options.lowercase, options.strip_accents, options.split_cjk}}, ascii{rules},
      whole_words{words, ascii}, cache_owner{word_cache::new_owner()}, vectorized{
                                                                           options.vectorized &&
                                                                           cache_owner != 0} {}

/// A run of ASCII letters and digits: taken whole where it is a word of its own, else one by one. Returns its end.
std::size_t text_encoder::ascii_word(std::string_view text, std::size_t at) {
  const ascii_table& ascii = model_.ascii;
  const std::size_t start = at;
  while (at < text.size() && ascii.kind(text[at]) == byte_kind::word)
    ++at;
  if (words_.between_words() && (at == text.size() || ascii.ends_word(text[at]))) {
    words_.ascii_word(start, at, ascii.map);
    return at;
  }
  for (std::size_t i = start; i < at; ++i) {
    const auto c = static_cast<unsigned char>(ascii.map[static_cast<unsigned char>(text[i])]);
    const auto offset = static_cast<std::uint32_t>(i);
    words_.put(c, model_.rules.table()[c], {offset, offset + 1});
  }
  return at;
}

/// The general path: byte by byte what is ASCII, the rest through the normaliser. @param begin of the segment, `at` the
/// place to go on from, between words. Returns the end of the text, or a place between words from which ASCII words can be
/// taken again.
std::size_t text_encoder::stretch(std::string_view text, std::size_t begin, std::size_t at) {
  // All that `encode_ascii_words` passes is a starter.
  std::size_t starter = at > begin ? at - 1 : begin;
  while (at < text.size()) {
    const byte_kind kind = model_.ascii.kind(text[at]);
    switch (kind) {
    case byte_kind::word:
      at = ascii_word(text, at);
      starter = at - 1;
      break;
    case byte_kind::white:
      words_.flush();
      starter = at++;
      break;
    case byte_kind::punctuation:
      words_.flush();
      words_.ascii_word(at, at + 1, model_.ascii.map);
      starter = at++;
      break;
    case byte_kind::removed:
      ++at;
      break;
    case byte_kind::other:
      at = model_.rules.step(text, at, starter, words_);
      break;
    }
    if (model_.vectorized && at < text.size() &&
        (kind == byte_kind::white || kind == byte_kind::punctuation) &&
        model_.ascii.kind(text[at]) <= byte_kind::punctuation)
      return at;
  }
  words_.flush();
  return at;
}

/// Text without special tokens.
void text_encoder::segment(std::size_t begin, std::size_t end) {
  const std::string_view text = text_.substr(0, end);
  if (!model_.vectorized) {
    stretch(text, begin, begin);
    return;
  }
  const ascii_word_model ascii{
      &model_.ascii,  &model_.whole_words, &word_cache::of_this_thread(),
      &model_.pieces, model_.cache_owner,  model_.rules.options().lowercase};
  for (std::size_t at = begin; at < end;) {
    at = encode_ascii_words(text, at, ascii, out_);
    if (at < end) at = stretch(text, begin, at);
  }
}

void text_encoder::run() {
  std::size_t at = 0;
  while (const auto special = model_.specials.find(text_, at)) {
    segment(at, special->start);
    out_.add(
        special->id, 0,
        {static_cast<std::uint32_t>(special->start), static_cast<std::uint32_t>(special->end)});
    out_.end_word();
    at = special->end;
  }
  segment(at, text_.size());
}

} // namespace troupe::text::internal
