#pragma once

#include "kernels/text/internal/ascii_table.hpp"
#include "kernels/text/internal/word_key.hpp"
#include "kernels/text/vocabulary.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace troupe::text::internal {

/// The vocabulary's whole words of ASCII, for the words that are one piece: most words of a text. It may lack some (the trie
/// has all), so building and looking up are bounded whatever the vocabulary. Immutable; any thread.
class word_table {
public:
  /// @param words,ascii only read now. Of what stands first in the vocabulary (the frequent words) most is found at once.
  word_table(const vocabulary& words, const ascii_table& ascii);

  /// The id of a word, or -1 when it is not in this table.
  [[nodiscard]] std::int32_t find(const word_key& key, std::uint64_t hash) const noexcept {
    const slot* at = slots_.data() + (hash >> shift_);
    for (std::size_t tries = max_tries;; ++at) {
      if (at->key == key) return at->id;
      if (at->id < 0 || --tries == 0) return -1;
    }
  }

  /// Brings what `find` will look at to the cache.
  void prefetch(std::uint64_t hash) const noexcept {
    __builtin_prefetch(slots_.data() + (hash >> shift_));
  }

private:
  struct slot {
    word_key key{};
    std::int32_t id = -1;
  };

  static constexpr std::size_t max_tries = 8;

  void insert(const word_key& key, std::int32_t id);

  unsigned shift_;
  std::vector<slot> slots_;
};

} // namespace troupe::text::internal
