#include "kernels/bert/ner_model.hpp"

#include "kernels/bert/errors.hpp"
#include "kernels/text/utf8.hpp"

#include <algorithm>
#include <utility>

namespace troupe::bert {
namespace {

constexpr std::size_t special_tokens = 2; // [CLS] and [SEP]

std::size_t pieces_of(const text::encoding& window) {
  return static_cast<std::size_t>(
      std::count(window.special_mask.begin(), window.special_mask.end(), 0));
}

/// Counts the pieces, and drops the one window of a text without any.
void count_pieces(prepared_text& prepared) {
  for (const auto& window : prepared.windows)
    prepared.pieces += pieces_of(window);
  if (prepared.pieces == 0)
    prepared.windows.clear();
  else
    prepared.pieces -= prepared.stride * (prepared.windows.size() - 1);
}

result<void> check_text(std::string_view text) {
  if (text.size() > defaults::max_text_bytes)
    return fail(bert_errc::bad_text,
                "a text of " + std::to_string(text.size()) + " bytes is longer than " +
                    std::to_string(defaults::max_text_bytes) + "; give it in parts");
  if (!text::is_valid_utf8(text))
    return fail(bert_errc::bad_text, "the text is not UTF-8; convert or repair it first");
  return {};
}

/// The words joined by one space, and where each begins.
struct joined_words {
  std::string text;
  std::vector<std::uint32_t> starts;

  explicit joined_words(std::span<const std::string> words) {
    for (const std::string& word : words) {
      if (!starts.empty()) text += ' ';
      starts.push_back(static_cast<std::uint32_t>(text.size()));
      text += word;
    }
  }
};

/// Makes offsets relative to words relative to their text.
void shift_offsets(text::encoding& encoded, std::span<const std::uint32_t> word_starts) {
  for (std::size_t i = 0; i < encoded.offsets.size(); ++i) {
    if (encoded.word_ids[i] < 0) continue;
    const std::uint32_t start = word_starts[static_cast<std::size_t>(encoded.word_ids[i])];
    encoded.offsets[i].start += start;
    encoded.offsets[i].end += start;
  }
}

} // namespace

window_layout layout_of(const prepared_text& text) {
  std::vector<std::size_t> sizes;
  for (const auto& window : text.windows)
    sizes.push_back(pieces_of(window));
  return {sizes, text.stride};
}

ner_model::ner_model(text::wordpiece_tokenizer tokenizer,
                     std::shared_ptr<const bert::engine> engine)
    : tokenizer_(std::move(tokenizer)), engine_(std::move(engine)),
      labels_(engine_->config().labels), max_length_(std::min(tokenizer_.options().model_max_length,
                                                              engine_->config().max_positions)) {}

result<std::shared_ptr<const ner_model>> ner_model::load(const std::filesystem::path& model_dir,
                                                         const engine_options& options) {
  auto tokenizer = text::wordpiece_tokenizer::load(model_dir);
  if (!tokenizer) return tl::unexpected(std::move(tokenizer.error()));
  auto engine = load_engine(model_dir, options);
  if (!engine) return tl::unexpected(std::move(engine.error()));
  const model_config& config = (*engine)->config();
  if (tokenizer->vocab_size() > config.vocab_size)
    return fail(bert_errc::bad_config,
                model_dir.string() + ": vocab.txt has " + std::to_string(tokenizer->vocab_size()) +
                    " pieces but config.json says vocab_size " + std::to_string(config.vocab_size));
  std::shared_ptr<const ner_model> model{new ner_model{std::move(*tokenizer), std::move(*engine)}};
  if (model->max_length() <= special_tokens)
    return fail(bert_errc::bad_config, model_dir.string() + ": a model_max_length of " +
                                           std::to_string(model->max_length()) +
                                           " leaves no room for text");
  return model;
}

result<ner_model::window_cut> ner_model::window_cut_of(const window_options& windows) const {
  const std::size_t length = windows.max_length.value_or(max_length_);
  if (length > max_length_)
    return fail(bert_errc::bad_options, "windows of " + std::to_string(length) +
                                            " tokens are longer than the model's " +
                                            std::to_string(max_length_));
  return window_cut{length, windows.stride.value_or(std::min(defaults::window_stride, length / 4))};
}

result<prepared_text> ner_model::prepare(std::string_view text,
                                         const window_options& windows) const {
  if (auto checked = check_text(text); !checked) return tl::unexpected(std::move(checked.error()));
  const auto how = window_cut_of(windows);
  if (!how) return tl::unexpected(how.error());
  auto cut = tokenizer_.encode_windows(text, how->length, how->stride);
  if (!cut) return tl::unexpected(std::move(cut.error()));
  prepared_text prepared;
  prepared.text = text;
  prepared.stride = how->stride;
  prepared.windows = std::move(*cut);
  count_pieces(prepared);
  return prepared;
}

result<prepared_text> ner_model::prepare_words(std::span<const std::string> words,
                                               const window_options& windows) const {
  joined_words joined{words};
  if (auto checked = check_text(joined.text); !checked)
    return tl::unexpected(std::move(checked.error()));
  const auto how = window_cut_of(windows);
  if (!how) return tl::unexpected(how.error());
  auto cut = tokenizer_.encode_word_windows(words, how->length, how->stride);
  if (!cut) return tl::unexpected(std::move(cut.error()));
  for (auto& window : *cut)
    shift_offsets(window, joined.starts);
  prepared_text prepared;
  prepared.joined = std::make_shared<const std::string>(std::move(joined.text));
  prepared.text = *prepared.joined;
  prepared.stride = how->stride;
  prepared.windows = std::move(*cut);
  count_pieces(prepared);
  return prepared;
}

span_collector ner_model::collect(const prepared_text& prepared, const decode_options& how) const {
  return {prepared.text, labels_, how, layout_of(prepared)};
}

result<void> ner_model::decode(const prepared_text& prepared, std::size_t window,
                               std::span<const float> logits, span_collector& into) const {
  const text::encoding& encoded = prepared.windows[window];
  std::vector<decode_token> tokens;
  tokens.reserve(encoded.token_ids.size());
  for (std::size_t i = 0; i < encoded.token_ids.size(); ++i)
    tokens.push_back({tokenizer_.piece(encoded.token_ids[i]), encoded.offsets[i].start,
                      encoded.offsets[i].end, encoded.special_mask[i] != 0,
                      encoded.token_ids[i] == tokenizer_.unk_id(), encoded.word_ids[i]});
  return into.add(window, tokens, logits);
}

} // namespace troupe::bert
