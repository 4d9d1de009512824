#pragma once

#include "kernels/text/piece_trie.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::text::internal {

/// What to do where a word leaves the trie: the pieces that are then certain, and the node that stands for what was read behind
/// them. With these links the longest pieces are found without reading a byte twice. Immutable; any thread.
/// Source: Song et al., "Fast WordPiece Tokenization" (2021), algorithms 1 and 2.
class piece_links {
public:
  /// Without links: `usable` is false.
  piece_links() = default;

  /// @param pieces those of `trie`, only read now. @param continuation the trie's node behind "##", or `none`.
  /// Not usable when the links of an odd vocabulary would need much more memory than its trie.
  piece_links(const piece_trie& trie, piece_trie::node continuation,
              std::span<const std::string> pieces);

  [[nodiscard]] bool usable() const noexcept { return !links_.empty(); }

  /// As `piece_model::match`. The trie is that of the constructor; the word has no '#' unless it is that alone.
  template <class Put>
  bool match(const piece_trie& trie, std::string_view word, Put put) const noexcept {
    piece_trie::node at = piece_trie::root;
    std::size_t start = 0;
    const auto fall = [&] {
      const link& from = links_[at];
      at = from.to;
      if (from.count == 1) {
        put(static_cast<std::int32_t>(from.first), start, start + from.size);
        start += from.size;
        return true;
      }
      for (std::uint32_t i = from.first; i < from.first + from.count; ++i) {
        put(popped_[i].id, start, start + popped_[i].size);
        start += popped_[i].size;
      }
      return from.count > 0;
    };
    for (const char byte : word) {
      piece_trie::node next = piece_trie::none;
      while (at == piece_trie::none ||
             (next = trie.child(at, static_cast<unsigned char>(byte))) == piece_trie::none) {
        if (at == piece_trie::none || !fall()) return false;
      }
      at = next;
    }
    while (at != continuation_)
      if (!fall()) return false;
    return true;
  }

private:
  friend class link_builder;

  /// Where a node without the wanted child leads, and how many pieces are certain then: none, and the word is unknown; one,
  /// `first` with its bytes of the word, which is the usual case; or those of `popped_` from `first` on.
  struct link {
    piece_trie::node to = piece_trie::none;
    std::uint32_t first = 0;
    std::uint16_t count = 0, size = 0;
  };
  static_assert(piece_trie::max_piece_bytes <= 0xFFFF);
  /// A piece and how many bytes of a word it is.
  struct popped {
    std::int32_t id;
    std::uint16_t size;
  };

  piece_trie::node continuation_ = piece_trie::none;
  std::vector<link> links_;
  std::vector<popped> popped_;
};

} // namespace troupe::text::internal
