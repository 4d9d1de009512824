#pragma once

#include "kernels/text/internal/piece_model.hpp"
#include "kernels/text/internal/word_key.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace troupe::text::internal {

/// The pieces of a word of several, or the unknown token. One cache line.
struct alignas(64) word_pieces {
  static constexpr std::size_t max_count = 8;

  word_key key{};
  std::int32_t ids[max_count] = {};
  /// Where each piece ends, bytes of the word.
  std::uint8_t ends[max_count] = {};
  /// Whose vocabulary it is, and how many pieces.
  std::uint32_t owner = 0, count = 0;
};

/// What words of several pieces came to lately. Words that fall on the same four slots take turns, and slots keep words whole, so
/// that an answer is always exact. One per thread, for all tokenizers together, of `defaults::cached_words` slots.
class word_cache {
public:
  static word_cache& of_this_thread();

  /// A number that no other tokenizer of this process has, or 0 when they have run out.
  static std::uint32_t new_owner() noexcept;

  /// The pieces of a word, or null. Valid until the next `fill`.
  [[nodiscard]] const word_pieces* find(const word_key& key, std::uint64_t hash,
                                        std::uint32_t owner) const noexcept {
    const word_pieces* const set = slots_.data() + set_of(hash);
    for (std::size_t way = 0; way < ways; ++way)
      if (set[way].key == key && set[way].owner == owner) return set + way;
    return nullptr;
  }

  /// Matches the word and keeps it. @returns null when it has more pieces than an entry holds.
  const word_pieces* fill(const word_key& key, std::uint64_t hash, std::size_t size,
                          const piece_model& model, std::uint32_t owner) noexcept;

  void clear();

private:
  static constexpr std::size_t ways = 4;

  word_cache();

  [[nodiscard]] std::size_t set_of(std::uint64_t hash) const noexcept {
    return (hash >> shift_) * ways;
  }

  unsigned shift_;
  std::size_t next_way_ = 0;
  std::vector<word_pieces> slots_;
};

} // namespace troupe::text::internal
