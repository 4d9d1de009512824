#include "kernels/text/wordpiece.hpp"

#include "kernels/text/defaults.hpp"
#include "kernels/text/errors.hpp"
#include "kernels/text/internal/text_encoder.hpp"
#include "kernels/text/internal/word_cache.hpp"
#include "kernels/text/vocabulary.hpp"

#include <algorithm>
#include <stdexcept>

namespace troupe::text {
namespace {

using internal::text_encoder;
using internal::text_model;
using internal::token_buffer;

void check_size(std::string_view text) {
  if (text.size() > defaults::max_text_bytes)
    throw std::length_error{"text too long for the tokenizer"};
}

/// English has four to five bytes a token; a guess too low costs one more growth.
std::size_t expected_tokens(std::string_view text) {
  return text.size() / 4 + 8;
}

result<void> check_windows(std::size_t max_length, std::size_t stride, std::size_t bytes) {
  if (max_length < 3 || stride >= max_length - 2)
    return fail(text_errc::bad_window,
                "stride " + std::to_string(stride) + " must be less than max_length " +
                    std::to_string(max_length) + " - 2, the room for pieces");
  if (bytes > defaults::max_text_bytes)
    return fail(text_errc::too_long, std::to_string(bytes) + " bytes of text, at most " +
                                         std::to_string(defaults::max_text_bytes) + "; split it");
  return {};
}

result<std::int32_t> special_id(const vocabulary& words, const std::string& token) {
  const std::int32_t id = words.find(token);
  if (id >= 0) return id;
  return fail(
      text_errc::missing_special_token,
      "\"" + token +
          "\" of tokenizer_config.json is not a line of vocab.txt; add it or correct the name");
}

} // namespace

struct wordpiece_tokenizer::data {
  data(vocabulary v, tokenizer_options o)
      : words{std::move(v)}, options{std::move(o)}, model{words, options} {}

  result<void> resolve_special_tokens();
  /// Append the pieces.
  void encode_text(std::string_view text, encoding& out) const;
  void encode_words(std::span<const std::string> words, encoding& out) const;

  vocabulary words;
  tokenizer_options options;
  text_model model;
  std::int32_t cls = -1, sep = -1, pad = -1, mask = -1;
};

result<void> wordpiece_tokenizer::data::resolve_special_tokens() {
  std::vector<std::pair<std::string, std::int32_t>> literals;
  const std::pair<const std::string*, std::int32_t*> named[] = {
      {&options.unk_token, &model.pieces.unk_id},
      {&options.cls_token, &cls},
      {&options.sep_token, &sep},
      {&options.pad_token, &pad},
      {&options.mask_token, &mask}};
  for (const auto& [token, place] : named) {
    const auto id = special_id(words, *token);
    if (!id) return tl::unexpected(id.error());
    *place = *id;
    literals.emplace_back(*token, *id);
  }
  for (const auto& [token, stated] : options.added_tokens) {
    const auto id = special_id(words, token);
    if (!id) return tl::unexpected(id.error());
    if (stated >= 0 && stated != *id) {
      return fail(text_errc::bad_config,
                  "added token \"" + token + "\" has id " + std::to_string(stated) +
                      " in tokenizer_config.json and " + std::to_string(*id) +
                      " in vocab.txt; make them agree");
    }
    literals.emplace_back(token, *id);
  }
  model.specials = special_tokens{std::move(literals)};
  model.pieces.trie = &words.trie();
  model.pieces.continuation = words.trie().walk(piece_trie::root, "##");
  model.pieces.word_shapes = options.word_shapes;
  if (model.vectorized)
    model.pieces.links = {words.trie(), model.pieces.continuation, words.pieces()};
  return {};
}

void wordpiece_tokenizer::data::encode_text(std::string_view text, encoding& out) const {
  token_buffer buffer{out};
  text_encoder{model, text, buffer}.run();
  buffer.drain();
}

void wordpiece_tokenizer::data::encode_words(std::span<const std::string> words,
                                             encoding& out) const {
  token_buffer buffer{out};
  for (std::size_t i = 0; i < words.size(); ++i) {
    check_size(words[i]);
    buffer.set_word(static_cast<std::int32_t>(i));
    text_encoder{model, words[i], buffer}.run();
  }
  buffer.drain();
}

result<wordpiece_tokenizer> wordpiece_tokenizer::create(vocabulary words,
                                                        tokenizer_options options) {
  auto made = std::make_shared<data>(std::move(words), std::move(options));
  if (auto resolved = made->resolve_special_tokens(); !resolved)
    return tl::unexpected(resolved.error());
  return wordpiece_tokenizer{std::move(made)};
}

result<wordpiece_tokenizer> wordpiece_tokenizer::load(const std::filesystem::path& model_dir) {
  auto options = load_tokenizer_options(model_dir);
  if (!options) return tl::unexpected(options.error());
  auto words = vocabulary::load(model_dir / "vocab.txt");
  if (!words) return tl::unexpected(words.error());
  auto made = create(std::move(*words), std::move(*options));
  if (!made) return fail(made.error().code, model_dir.string() + ": " + made.error().context);
  return made;
}

void wordpiece_tokenizer::encode_into(std::string_view text, encoding& out) const {
  check_size(text);
  out.clear();
  out.reserve(expected_tokens(text));
  out.add_special(data_->cls);
  data_->encode_text(text, out);
  out.add_special(data_->sep);
}

encoding wordpiece_tokenizer::encode(std::string_view text) const {
  encoding out;
  encode_into(text, out);
  return out;
}

encoding wordpiece_tokenizer::encode_words(std::span<const std::string> words) const {
  encoding out;
  out.reserve(words.size() * 2 + 2);
  out.add_special(data_->cls);
  data_->encode_words(words, out);
  out.add_special(data_->sep);
  return out;
}

result<std::vector<encoding>> wordpiece_tokenizer::encode_windows(std::string_view text,
                                                                  std::size_t max_length,
                                                                  std::size_t stride) const {
  if (auto checked = check_windows(max_length, stride, text.size()); !checked)
    return tl::unexpected(std::move(checked.error()));
  encoding whole;
  whole.reserve(expected_tokens(text));
  whole.add_special(data_->cls);
  data_->encode_text(text, whole);
  return cut(std::move(whole), max_length, stride);
}

result<std::vector<encoding>>
wordpiece_tokenizer::encode_word_windows(std::span<const std::string> words, std::size_t max_length,
                                         std::size_t stride) const {
  std::size_t bytes = 0;
  for (const std::string& word : words)
    bytes += word.size();
  if (auto checked = check_windows(max_length, stride, bytes); !checked)
    return tl::unexpected(std::move(checked.error()));
  encoding whole;
  whole.reserve(words.size() * 2 + 2);
  whole.add_special(data_->cls);
  data_->encode_words(words, whole);
  return cut(std::move(whole), max_length, stride);
}

result<std::vector<encoding>> wordpiece_tokenizer::cut(encoding whole, std::size_t max_length,
                                                       std::size_t stride) const {
  const std::size_t room = max_length - 2, step = room - stride, pieces = whole.size() - 1;
  const std::size_t count = pieces <= room ? 1 : 1 + (pieces - room + step - 1) / step;
  if (count > defaults::max_window_tokens / std::min(max_length, pieces + 2)) {
    return fail(text_errc::too_long, std::to_string(count) + " windows of " +
                                         std::to_string(max_length) +
                                         " tokens; split the text or use a smaller stride");
  }
  std::vector<encoding> windows(count);
  if (count == 1) {
    windows.front() = std::move(whole);
    windows.front().add_special(data_->sep);
    return windows;
  }
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t first = i * step, last = std::min(first + room, pieces);
    windows[i].reserve(last - first + 2);
    windows[i].add_special(data_->cls);
    windows[i].append(whole, first + 1, last + 1); // behind its [CLS]
    windows[i].add_special(data_->sep);
  }
  return windows;
}

std::size_t wordpiece_tokenizer::last_cut(std::string_view text, std::size_t from) const noexcept {
  for (std::size_t at = text.size(); at > from + 1;) {
    --at;
    if (data_->model.ascii.ends_word(text[at]) && !data_->model.specials.span(text, at)) return at;
  }
  return 0;
}

void wordpiece_tokenizer::forget_words() {
  internal::word_cache::of_this_thread().clear();
}

std::string_view wordpiece_tokenizer::piece(std::int32_t id) const noexcept {
  return data_->words.piece(id);
}
std::int32_t wordpiece_tokenizer::find(std::string_view piece) const noexcept {
  return data_->words.find(piece);
}
std::size_t wordpiece_tokenizer::vocab_size() const noexcept {
  return data_->words.size();
}
std::int32_t wordpiece_tokenizer::unk_id() const noexcept {
  return data_->model.pieces.unk_id;
}
std::int32_t wordpiece_tokenizer::cls_id() const noexcept {
  return data_->cls;
}
std::int32_t wordpiece_tokenizer::sep_id() const noexcept {
  return data_->sep;
}
std::int32_t wordpiece_tokenizer::pad_id() const noexcept {
  return data_->pad;
}
std::int32_t wordpiece_tokenizer::mask_id() const noexcept {
  return data_->mask;
}
const tokenizer_options& wordpiece_tokenizer::options() const noexcept {
  return data_->options;
}

} // namespace troupe::text
