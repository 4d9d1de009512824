#pragma once

#include "kernels/text/defaults.hpp"
#include "kernels/text/internal/piece_model.hpp"
#include "kernels/text/internal/token_buffer.hpp"
#include "kernels/text/normalizer.hpp"
#include "kernels/text/word_shape.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace troupe::text::internal {

/// Cuts normalised text into pre-tokens and those into the longest pieces from left to right, and writes the pieces to a
/// buffer. The sink of a `normalizer`. Allocates nothing itself; one thread.
class word_encoder {
public:
  word_encoder(const piece_model& model, std::string_view text, token_buffer& out)
      : model_{model}, text_{text}, out_{out} {}

  [[nodiscard]] bool between_words() const noexcept { return count_ == 0; }

  void put(char32_t code_point, const char_record& record, byte_range range) {
    if (!record.has(char_flag::punctuation)) return append(code_point, range);
    flush();
    append(code_point, range);
    flush();
  }

  void space(byte_range) { flush(); }

  /// A whole pre-token of ASCII bytes [start, end) of the text, each changed by `map` and none removed. Only between words.
  void ascii_word(std::size_t start, std::size_t end, const std::array<char, 128>& map);

  /// Ends the pre-token, if one has begun.
  void flush();

private:
  static constexpr std::size_t max_chars = defaults::max_word_code_points;

  void append(char32_t code_point, byte_range range) {
    if (count_ < max_chars) {
      const std::size_t size = encode_utf8(code_point, bytes_.data() + size_);
      for (std::size_t i = 0; i < size; ++i)
        char_at_[size_ + i] = static_cast<std::uint8_t>(count_);
      size_ += size;
      starts_[count_] = range.start;
      ends_[count_] = range.end;
    }
    if (count_ == 0) start_ = range.start;
    end_ = range.end;
    ++count_;
  }

  /// Matches bytes_[0, size_); false when a part of it is not in the vocabulary.
  bool match() noexcept;
  template <class RangeOf>
  void emit(bool known, RangeOf range_of);

  struct piece {
    std::int32_t id;
    std::uint16_t start, end;
  };

  const piece_model& model_;
  std::string_view text_;
  token_buffer& out_;

  // The word: its bytes, and for each the number of its code point, which has a range in the text.
  std::array<char, max_chars * 4> bytes_;
  std::array<std::uint8_t, max_chars * 4> char_at_;
  std::array<std::uint32_t, max_chars> starts_, ends_;
  std::size_t size_ = 0, count_ = 0;
  std::uint32_t start_ = 0, end_ = 0;
  std::array<piece, max_chars * 4> pieces_;
  std::size_t piece_count_ = 0;
};

} // namespace troupe::text::internal
