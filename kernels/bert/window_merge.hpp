#pragma once

#include "kernels/bert/decode.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace troupe::bert {

/// Where the windows of one text lie in its sequence of pieces, special tokens not counted.
class window_layout {
public:
  /// @param sizes  pieces of each window, in text order.
  /// @param stride pieces that a window shares with the one before it.
  window_layout(std::span<const std::size_t> sizes, std::size_t stride);

  [[nodiscard]] std::size_t windows() const { return starts_.size(); }
  /// The text's piece that window `window` starts with.
  [[nodiscard]] std::size_t start(std::size_t window) const { return starts_[window]; }
  /// The pieces [first, last) of the text for which `window` is the window in which they lie
  /// farthest from a cut (ties: the earlier one). The ends of the text are no cuts. Every piece
  /// belongs to exactly one window.
  [[nodiscard]] std::pair<std::size_t, std::size_t> owned(std::size_t window) const {
    return {window == 0 ? 0 : ends_[window - 1], ends_[window]};
  }

private:
  std::vector<std::size_t> starts_;
  std::vector<std::size_t> ends_; // of what each window owns
};

/// Collects the entities of a text window by window and merges them.
///
/// Several windows, aggregation simple to max: as the Hugging Face pipeline does with `stride`.
/// Entities of all windows are sorted by start; of two that overlap the longer one (in code points)
/// stays, then the one with the higher score. Groups are not joined across windows, so an entity is
/// found whole when some window holds it whole: it may have up to `stride` pieces.
/// Several windows, aggregation none or `window_policy::farthest`: each piece takes its probabilities
/// from the window that owns it, and what comes of it is decoded as one. The Hugging Face pipeline
/// refuses aggregation none here and has nothing like the other.
///
/// One thread at a time. `text` and `labels` must outlive it.
class span_collector {
public:
  span_collector(std::string_view text, const label_set& labels, const decode_options& how,
                 window_layout layout);

  /// Decodes window number `window`; windows may come in any order, each once. See `decode_window`.
  [[nodiscard]] result<void> add(std::size_t window, std::span<const decode_token> tokens,
                                 std::span<const float> logits);

  /// The entities in rising order; `index` counts pieces of the whole text. Call once, after every
  /// window was added.
  [[nodiscard]] std::vector<ner_span> finish();

private:
  void keep_owned(std::size_t window, std::vector<byte_span>& spans) const;
  [[nodiscard]] std::vector<byte_span> merge(std::vector<byte_span> spans) const;
  [[nodiscard]] bool replaces(const byte_span& challenger, const byte_span& kept) const;

  /// The pieces that a window owns, and their logits.
  struct owned_pieces {
    std::vector<decode_token> tokens;
    std::vector<float> logits;
  };
  void keep_pieces(std::size_t window, std::span<const decode_token> tokens,
                   std::span<const float> logits);
  [[nodiscard]] std::vector<byte_span> decode_pieces();

  std::string_view text_;
  const label_set* labels_;
  decode_options how_;
  window_layout layout_;
  /// Whether the text is decoded as a whole at the end rather than window by window.
  bool whole_;
  std::vector<std::vector<byte_span>> by_window_;
  std::vector<owned_pieces> pieces_;
};

} // namespace troupe::bert
