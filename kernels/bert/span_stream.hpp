#pragma once

#include "kernels/bert/ner_model.hpp"
#include "kernels/bert/piece_decoder.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::bert {

/// A place in a text that comes in parts.
struct stream_position {
  /// In the bytes as they came, before malformed UTF-8 was replaced.
  std::uint64_t byte = 0;
  std::uint64_t codepoint = 0;
};

/// An entity of such a text.
struct stream_span {
  /// As in `ner_span`.
  std::string label;
  double score = 0;
  stream_position start, end;
  std::string word;
};

/// The entities of a text of any length in memory that does not grow with it: the text comes in parts, windows go out to
/// be classified, entities come back as soon as nothing that follows can change them. They are those that
/// `ner_model::prepare` and `span_collector` find in the whole text, whatever the parts.
///
/// ```
/// while (part) { push(part); while (has_window()) { classify next_window(); add(its logits); print take(); } }
/// close(); ...the same once more...
/// ```
/// Windows may be taken ahead of their answers. One thread at a time.
class span_stream {
public:
  /// @returns as `ner_model::prepare` for windows that cannot be.
  [[nodiscard]] static result<span_stream> make(std::shared_ptr<const ner_model> model,
                                                const decode_options& how,
                                                const window_options& windows = {});

  /// The next part. Malformed UTF-8 counts as U+FFFD.
  /// @param bytes at most `defaults::max_text_bytes`; cut where `wordpiece_tokenizer::last_cut` says, but for the last one.
  /// @returns `bad_text` for more.
  [[nodiscard]] result<void> push(std::string_view bytes);
  /// No part follows.
  void close() { closed_ = true; }

  /// Whether a window is complete.
  [[nodiscard]] bool has_window() const;
  /// The next window: ids and type ids, with [CLS] and [SEP]; its offsets and word ids are not filled in.
  [[nodiscard]] text::encoding next_window();
  /// Takes the logits [tokens, labels] of the windows in the order in which they went out.
  /// @returns `engine_failure` when one is not a finite number, `bad_batch` when the number is wrong.
  [[nodiscard]] result<void> add(std::span<const float> logits);
  /// The entities that are certain, each once, in rising order.
  [[nodiscard]] std::vector<stream_span> take();

private:
  struct piece {
    std::int32_t id = 0, type = 0, word = 0;
    /// What an unknown piece stands for.
    std::string source;
    stream_position start, end;
  };
  /// Pieces [first, last) of the text.
  struct window {
    std::uint64_t first = 0, last = 0;
    bool ends_text = false;
  };

  span_stream(std::shared_ptr<const ner_model> model, const decode_options& how,
              const ner_model::window_cut& cut);

  [[nodiscard]] const piece& at(std::uint64_t number) const { return pieces_[number - dropped_]; }
  [[nodiscard]] std::uint64_t pieces() const { return dropped_ + pieces_.size(); }
  [[nodiscard]] std::uint64_t owned_end(const window& of) const;
  void decode_alone(const window& of, std::span<const float> logits);
  void decode_owned(const window& of, std::span<const float> logits);
  void feed(piece_decoder& into, std::uint64_t number, const window& of,
            std::span<const float> logits) const;
  [[nodiscard]] stream_span located(const byte_span& of) const;
  void merge(const window& of);
  void merge(stream_span next);
  void drop_pieces();

  std::shared_ptr<const ner_model> model_;
  decode_options how_;
  std::size_t room_, step_;
  bool closed_ = false;

  // The text: where the next part begins, and its pieces that are still needed.
  stream_position end_;
  std::uint32_t words_ = 0; // may wrap: word ids are compared with their neighbours only
  std::deque<piece> pieces_;
  /// The tokens of the last part; kept for its memory.
  text::encoding encoded_;
  std::uint64_t dropped_ = 0;

  // The windows: where the next one begins, those that are out, and the first piece that the next answer owns.
  std::uint64_t next_window_ = 0;
  std::deque<window> out_;
  std::uint64_t owned_from_ = 0;

  // The entities: being decoded, waiting to be merged, certain.
  piece_decoder decoder_;
  std::vector<stream_span> sorted_;
  std::optional<stream_span> last_;
  std::vector<stream_span> found_;
};

} // namespace troupe::bert
