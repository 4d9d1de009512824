#pragma once

#include "kernels/bert/engine.hpp"
#include "kernels/bert/ner_defaults.hpp"
#include "kernels/bert/window_merge.hpp"
#include "kernels/text/wordpiece.hpp"

#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::bert {

/// How a long text is cut into windows.
struct window_options {
  /// Tokens of a window, special tokens included: 3 up to `ner_model::max_length`, which it is when
  /// empty.
  std::optional<std::size_t> max_length{};
  /// Pieces that neighbouring windows share, less than `max_length - 2`. When empty
  /// `defaults::window_stride`, but never more than a quarter of a window.
  std::optional<std::size_t> stride{};
};

/// One text, tokenised and cut into windows that the engine takes.
struct prepared_text {
  /// The original text, borrowed from the caller of `prepare` or kept in `joined`.
  std::string_view text;
  /// The words given to `prepare_words`, joined by one space.
  std::shared_ptr<const std::string> joined;
  /// In text order, each with [CLS] and [SEP]; none when the text has no pieces.
  std::vector<text::encoding> windows;
  /// Pieces that neighbouring windows share.
  std::size_t stride = 0;
  /// Word pieces of the text, special tokens not counted and shared pieces counted once.
  std::size_t pieces = 0;
};

/// Where the windows of `text` lie in its sequence of pieces.
[[nodiscard]] window_layout layout_of(const prepared_text& text);

/// A named-entity model: tokenizer, engine and labels of one Hugging Face folder. Immutable; any
/// number of threads may share it.
class ner_model {
public:
  /// Blocks on disk and packs the weights; any thread.
  /// @returns errors of the tokenizer or the engine, or `bad_config` when the two do not fit.
  [[nodiscard]] static result<std::shared_ptr<const ner_model>>
  load(const std::filesystem::path& model_dir, const engine_options& options = {});

  [[nodiscard]] const text::wordpiece_tokenizer& tokenizer() const { return tokenizer_; }
  [[nodiscard]] const bert::engine& engine() const { return *engine_; }
  [[nodiscard]] const label_set& labels() const { return labels_; }
  /// The longest window, in tokens, special tokens included.
  [[nodiscard]] std::size_t max_length() const { return max_length_; }

  /// Tokenises `text`. What is longer than a window becomes several; nothing is ever cut off.
  /// @param text UTF-8; must outlive the result. Repair other bytes with `text::repair_utf8` first;
  ///             all offsets then refer to the repaired text.
  /// @returns `bad_text` when it is not UTF-8 or too long, `bad_options` or `text_errc::bad_window`
  ///          for a window length or stride that cannot be.
  [[nodiscard]] result<prepared_text> prepare(std::string_view text,
                                              const window_options& windows = {}) const;

  /// As `prepare` for a text that is split into words already; offsets refer to the words joined by
  /// one space, and the windows' word ids count the words given.
  [[nodiscard]] result<prepared_text> prepare_words(std::span<const std::string> words,
                                                    const window_options& windows = {}) const;

  /// An empty collector for the windows of `prepared`, which must outlive it, as must the model.
  [[nodiscard]] span_collector collect(const prepared_text& prepared,
                                       const decode_options& how) const;

  /// Decodes one window. @param logits [tokens of the window, labels] float32, row-major.
  [[nodiscard]] result<void> decode(const prepared_text& prepared, std::size_t window,
                                    std::span<const float> logits, span_collector& into) const;

  /// `window_options` with every value filled in.
  struct window_cut {
    std::size_t length = 0, stride = 0;
  };
  /// @returns `bad_options` for windows longer than the model takes; the stride is not looked at.
  [[nodiscard]] result<window_cut> window_cut_of(const window_options& windows) const;

private:
  ner_model(text::wordpiece_tokenizer tokenizer, std::shared_ptr<const bert::engine> engine);

  text::wordpiece_tokenizer tokenizer_;
  std::shared_ptr<const bert::engine> engine_;
  label_set labels_;
  std::size_t max_length_;
};

} // namespace troupe::bert
