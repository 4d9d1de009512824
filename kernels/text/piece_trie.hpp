#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::text {

/// A set of byte strings with ids, walked byte by byte: a double-array trie. Immutable after it is built; any thread.
/// Source: Aoe, "An Efficient Digital Search Algorithm by Using a Double-Array Structure" (1989).
class piece_trie {
public:
  using node = std::uint32_t;
  static constexpr node none = 0;
  static constexpr node root = 1;

  /// The longest string that is kept, bytes: nothing longer than a word can match.
  static constexpr std::size_t max_piece_bytes = 512;

  piece_trie() : piece_trie{std::span<const std::string>{}} {}

  /// The id of a piece is its index. Of equal pieces the last one counts; empty and overlong ones are left out.
  explicit piece_trie(std::span<const std::string> pieces);

  /// The node behind `from` by one byte, or `none`.
  [[nodiscard]] node child(node from, unsigned char byte) const noexcept {
    const std::uint32_t to = cells_[from].base + byte;
    return cells_[to].parent == from ? to : none;
  }

  /// The node behind `from` by all of `bytes`, or `none`.
  [[nodiscard]] node walk(node from, std::string_view bytes) const noexcept;

  /// The id of the piece that ends at this node, or -1.
  [[nodiscard]] std::int32_t id(node at) const noexcept { return cells_[at].id; }

  /// All nodes are below this.
  [[nodiscard]] std::size_t nodes() const noexcept { return cells_.size(); }

  /// The id of a whole piece, or -1.
  [[nodiscard]] std::int32_t find(std::string_view piece) const noexcept;

private:
  friend class trie_builder;

  /// The children of a cell are at base + byte, where `parent` says whose they are. There are always 256 cells behind
  /// the last base, so that no walk needs a check of bounds.
  struct cell {
    std::uint32_t base = 0, parent = 0;
    std::int32_t id = -1;
  };
  std::vector<cell> cells_;
};

} // namespace troupe::text
