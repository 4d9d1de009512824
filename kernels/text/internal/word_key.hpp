#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace troupe::text::internal {

/// A normalised word of up to 15 ASCII bytes, none of them NUL: its bytes and NULs behind them, as they lie in memory.
struct word_key {
  static constexpr std::size_t max_bytes = 15;

  std::uint64_t first, second;

  static word_key of(std::string_view word) {
    char bytes[max_bytes + 1] = {};
    std::memcpy(bytes, word.data(), word.size());
    word_key key;
    std::memcpy(&key, bytes, sizeof bytes);
    return key;
  }

  /// All bits; tables take the highest. Not for tables whose keys an adversary must not make collide: those here bound
  /// what a collision costs.
  [[nodiscard]] std::uint64_t hash() const noexcept {
    return first * 0x9E3779B97F4A7C15U + second * 0xC2B2AE3D27D4EB4FU;
  }

  friend bool operator==(const word_key&, const word_key&) = default;
};

} // namespace troupe::text::internal
