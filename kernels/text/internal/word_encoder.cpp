#include "kernels/text/internal/word_encoder.hpp"

namespace troupe::text::internal {

bool word_encoder::match() noexcept {
  const piece_trie& trie = *model_.trie;
  piece_count_ = 0;
  piece_trie::node node = piece_trie::root;
  for (std::size_t start = 0; start < size_;) {
    std::int32_t best = -1;
    std::size_t best_end = start;
    for (std::size_t at = start; at < size_ && node != piece_trie::none;) {
      node = trie.child(node, static_cast<unsigned char>(bytes_[at++]));
      if (const std::int32_t id = trie.id(node); id >= 0) {
        best = id;
        best_end = at;
      }
    }
    if (best < 0) return false;
    pieces_[piece_count_++] = {best, static_cast<std::uint16_t>(start),
                               static_cast<std::uint16_t>(best_end)};
    start = best_end;
    node = model_.continuation;
  }
  return true;
}

template <class RangeOf>
void word_encoder::emit(bool known, RangeOf range_of) {
  const std::int32_t type =
      model_.word_shapes ? static_cast<std::int32_t>(shape_of(text_.substr(start_, end_ - start_)))
                         : 0;
  if (known) {
    for (std::size_t i = 0; i < piece_count_; ++i) {
      out_.add(pieces_[i].id, type, range_of(pieces_[i]), word_id_);
    }
  } else {
    out_.add(model_.unk_id, type, {start_, end_}, word_id_);
  }
  word_id_ += word_id_step_;
  size_ = count_ = 0;
}

void word_encoder::flush() {
  if (count_ == 0) return;
  emit(count_ <= max_chars && match(), [this](const piece& p) {
    return byte_range{ranges_[char_at_[p.start]].start, ranges_[char_at_[p.end - 1u]].end};
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
