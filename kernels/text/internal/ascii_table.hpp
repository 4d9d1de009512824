#pragma once

#include "kernels/text/normalizer.hpp"

#include <array>
#include <cstdint>

namespace troupe::text::internal {

/// What a byte means before anything is decoded.
enum class byte_kind : std::uint8_t {
  word,
  white,
  punctuation,
  removed,
  other, // not ASCII
};

/// The ASCII part of the character data for one set of options.
struct ascii_table {
  std::array<byte_kind, 256> kinds;
  /// Lower case where asked for, else the byte itself.
  std::array<char, 128> map{};

  explicit ascii_table(const normalizer& rules) {
    kinds.fill(byte_kind::other);
    for (unsigned char c = 0; c < 128; ++c) {
      const char_record& record = rules.table()[c];
      map[c] = static_cast<char>(rules.options().lowercase ? c + record.lower_delta : c);
      kinds[c] = record.has(char_flag::removed)       ? byte_kind::removed
                 : record.has(char_flag::white)       ? byte_kind::white
                 : record.has(char_flag::punctuation) ? byte_kind::punctuation
                                                      : byte_kind::word;
    }
  }

  [[nodiscard]] byte_kind kind(char byte) const { return kinds[static_cast<unsigned char>(byte)]; }

  /// Whether a word ends before this byte whatever comes behind it.
  [[nodiscard]] bool ends_word(char byte) const {
    return kind(byte) == byte_kind::white || kind(byte) == byte_kind::punctuation;
  }
};

} // namespace troupe::text::internal
