#pragma once

#include "kernels/text/internal/piece_links.hpp"
#include "kernels/text/piece_trie.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace troupe::text::internal {

/// What a word needs to become pieces. The trie is borrowed from the vocabulary.
struct piece_model {
  const piece_trie* trie = nullptr;
  /// The node behind "##", or `piece_trie::none` in a vocabulary without continuations.
  piece_trie::node continuation = piece_trie::none;
  std::int32_t unk_id = -1;
  bool word_shapes = false;
  /// Not usable: the pieces are looked for from each one's end anew.
  piece_links links;

  /// Calls `put(id, start, end)` for each of the longest pieces from left to right of a normalised word, bytes.
  /// @returns false when a part of it is not in the vocabulary; some pieces may have been put then.
  template <class Put>
  bool match(std::string_view word, Put put) const noexcept {
    if (links.usable()) return links.match(*trie, word, put);
    piece_trie::node node = piece_trie::root;
    for (std::size_t start = 0; start < word.size();) {
      std::int32_t best = -1;
      std::size_t best_end = start;
      for (std::size_t at = start; at < word.size() && node != piece_trie::none;) {
        node = trie->child(node, static_cast<unsigned char>(word[at++]));
        if (const std::int32_t id = trie->id(node); id >= 0) {
          best = id;
          best_end = at;
        }
      }
      if (best < 0) return false;
      put(best, start, best_end);
      start = best_end;
      node = continuation;
    }
    return true;
  }
};

} // namespace troupe::text::internal
