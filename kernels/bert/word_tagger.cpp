#include "kernels/bert/word_tagger.hpp"

#include "kernels/bert/errors.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace troupe::bert {
namespace {

result<std::size_t> best_label(std::span<const float> row) {
  if (!std::all_of(row.begin(), row.end(), [](float value) { return std::isfinite(value); }))
    return fail(bert_errc::engine_failure, "the model's output is not a finite number; its weights "
                                           "are damaged or too large for the chosen precision");
  return static_cast<std::size_t>(std::max_element(row.begin(), row.end()) - row.begin());
}

/// The labels of one text, filled window by window.
class label_collector {
public:
  label_collector(const prepared_text& text, std::size_t words, std::size_t labels)
      : text_(text), layout_(layout_of(text)), labels_(labels), found_(words) {}

  result<void> add(std::size_t window, std::span<const float> logits) {
    const text::encoding& encoded = text_.windows[window];
    const auto [first, last] = layout_.owned(window);
    const std::size_t start = layout_.start(window);
    for (std::size_t i = 0; i < encoded.size(); ++i) {
      if (encoded.special_mask[i] != 0) continue;
      const std::size_t piece = start + i - 1; // after [CLS]
      if (piece < first || piece >= last || !begins_word(window, i)) continue;
      const auto label = best_label(logits.subspan(i * labels_, labels_));
      if (!label) return tl::unexpected(label.error());
      found_[static_cast<std::size_t>(encoded.word_ids[i])] = *label;
    }
    return {};
  }

  word_tagger::word_labels finish() && { return std::move(found_); }

private:
  /// Whether token `i` is the first piece of its word. A window's first piece may belong to a word
  /// that the window before began: the last of its pieces in front of this window tells.
  [[nodiscard]] bool begins_word(std::size_t window, std::size_t i) const {
    const text::encoding& encoded = text_.windows[window];
    if (i > 1) return encoded.word_ids[i] != encoded.word_ids[i - 1];
    if (window == 0) return true;
    const text::encoding& before = text_.windows[window - 1];
    const std::size_t shared = before.size() - 1 - text_.stride; // its [SEP] is no piece
    return before.word_ids[shared - 1] != encoded.word_ids[i];
  }

  const prepared_text& text_;
  window_layout layout_;
  std::size_t labels_;
  word_tagger::word_labels found_;
};

} // namespace

result<word_tagger> word_tagger::make(std::shared_ptr<const ner_model> model,
                                      std::size_t batch_tokens) {
  auto runner = window_runner::make(std::move(model), batch_tokens);
  if (!runner) return tl::unexpected(std::move(runner.error()));
  return word_tagger{std::move(*runner)};
}

result<std::vector<word_tagger::word_labels>> word_tagger::tag(std::span<const words> texts,
                                                               const window_options& windows) {
  const ner_model& model = runner_.model();
  std::vector<prepared_text> prepared;
  for (const words& text : texts) {
    auto made = model.prepare_words(text, windows);
    if (!made) return tl::unexpected(std::move(made.error()));
    prepared.push_back(std::move(*made));
  }
  std::vector<label_collector> collectors;
  for (std::size_t i = 0; i < texts.size(); ++i)
    collectors.emplace_back(prepared[i], texts[i].size(), model.labels().size());
  const auto collect = [&](std::size_t text, std::size_t window, std::span<const float> logits) {
    return collectors[text].add(window, logits);
  };
  if (auto ran = runner_.run(prepared, collect); !ran)
    return tl::unexpected(std::move(ran.error()));
  std::vector<word_labels> found;
  found.reserve(collectors.size());
  for (auto& collector : collectors)
    found.push_back(std::move(collector).finish());
  return found;
}

} // namespace troupe::bert
