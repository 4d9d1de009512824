#pragma once

#include "kernels/text/encoding.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

namespace troupe::text::internal {

/// Tokens of a text on their way to an `encoding`: written by index into arrays that stay in the first cache, and handed on
/// a few hundred at a time. Counts the words. Borrows the encoding, which is complete after `drain`. One thread.
class token_buffer {
public:
  /// The arrays have room for `spare` tokens beyond the number at which they have to be drained, so that who writes the
  /// pieces of a word asks once.
  static constexpr std::size_t capacity = 256, spare = 8;

  explicit token_buffer(encoding& out) : out_{out} {}
  token_buffer(const token_buffer&) = delete;
  token_buffer& operator=(const token_buffer&) = delete;

  /// Gives all further tokens this word id instead of counting the words.
  void set_word(std::int32_t id) {
    word_id = id;
    word_id_step = 0;
  }
  void end_word() { word_id += word_id_step; }

  void add(std::int32_t token_id, std::int32_t token_type_id, byte_range offset) {
    if (size >= capacity) drain();
    token_ids[size] = token_id;
    token_type_ids[size] = token_type_id;
    bounds[2 * size] = offset.start;
    bounds[2 * size + 1] = offset.end;
    word_ids[size] = word_id;
    ++size;
  }

  /// Appends the tokens to the encoding and forgets them.
  void drain();

  std::size_t size = 0;
  // Nothing is written to the arrays before there are tokens: most texts are short.
  std::int32_t word_id = 0, word_id_step = 1;
  std::array<std::int32_t, capacity + spare> token_ids, token_type_ids, word_ids;
  /// Start and end of each token's bytes.
  std::array<std::uint32_t, 2 * (capacity + spare)> bounds;

private:
  encoding& out_;
};

} // namespace troupe::text::internal
