#include "kernels/text/internal/word_encoder.hpp"

namespace troupe::text::internal {

bool word_encoder::match() noexcept {
  piece_count_ = 0;
  return model_.match({bytes_.data(), size_},
                      [this](std::int32_t id, std::size_t start, std::size_t end) {
                        pieces_[piece_count_++] = {id, static_cast<std::uint16_t>(start),
                                                   static_cast<std::uint16_t>(end)};
                      });
}

template <class RangeOf>
void word_encoder::emit(bool known, RangeOf range_of) {
  const std::int32_t type =
      model_.word_shapes ? static_cast<std::int32_t>(shape_of(text_.substr(start_, end_ - start_)))
                         : 0;
  if (known) {
    for (std::size_t i = 0; i < piece_count_; ++i)
      out_.add(pieces_[i].id, type, range_of(pieces_[i]));
  } else {
    out_.add(model_.unk_id, type, {start_, end_});
  }
  out_.end_word();
  size_ = count_ = 0;
}

void word_encoder::flush() {
  if (count_ == 0) return;
  emit(count_ <= max_chars && match(), [this](const piece& p) {
    return byte_range{starts_[char_at_[p.start]], ends_[char_at_[p.end - 1u]]};
  });
}

void word_encoder::ascii_word(std::size_t start, std::size_t end,
                              const std::array<char, 128>& map) {
  start_ = static_cast<std::uint32_t>(start);
  end_ = static_cast<std::uint32_t>(end);
  size_ = end - start;
  const bool fits = size_ <= max_chars;
  for (std::size_t i = 0; fits && i < size_; ++i)
    bytes_[i] = map[static_cast<unsigned char>(text_[start + i])];
  emit(fits && match(), [this](const piece& p) {
    return byte_range{start_ + p.start, start_ + p.end};
  });
}

} // namespace troupe::text::internal
