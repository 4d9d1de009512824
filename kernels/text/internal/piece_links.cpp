#include "kernels/text/internal/piece_links.hpp"

namespace troupe::text::internal {

/// Fills the links level by level of the trie: those of a node follow from its parent's and from shorter strings'.
class link_builder {
public:
  link_builder(const piece_trie& trie, std::span<const std::string> pieces, piece_links& into)
      : trie_{trie}, pieces_{pieces}, into_{into}, seen_(trie.nodes()) {}

  void build() {
    into_.links_.resize(trie_.nodes());
    gather();
    for (const auto& level : levels_) {
      for (const edge& each : level) {
        if (!link(each)) {
          into_ = {};
          return;
        }
      }
    }
  }

private:
  struct edge {
    piece_trie::node from, to;
    unsigned char byte;
  };

  /// Pieces that the links may name in all, for each node of the trie.
  static constexpr std::size_t max_popped_per_node = 4;

  /// All edges, by how many bytes of a word lie before them: the links of a node lead to strings of fewer.
  void gather() {
    for (const std::string& piece : pieces_) {
      piece_trie::node at = piece_trie::root;
      std::size_t depth = 0;
      for (const char each : piece) {
        const auto byte = static_cast<unsigned char>(each);
        const piece_trie::node next = trie_.child(at, byte);
        if (next == piece_trie::none) break; // left out of the trie
        if (!seen_[next]) {
          seen_[next] = true;
          if (levels_.size() <= depth) levels_.resize(depth + 1);
          levels_[depth].push_back({at, next, byte});
        }
        depth = next == into_.continuation_ ? 0 : depth + 1;
        at = next;
      }
    }
  }

  /// @returns false when there are too many.
  bool link(const edge& of) {
    if (of.to == into_.continuation_) return true;
    auto& made = into_.links_[of.to];
    if (const std::int32_t id = trie_.id(of.to); id >= 0) {
      made = {into_.continuation_, static_cast<std::uint32_t>(id), 1, size_of(id)};
      return true;
    }
    made.to = target(of);
    if (made.to == piece_trie::none) return true; // what goes on from here is no word
    const std::size_t first = into_.popped_.size();
    pop(of.from);
    for (auto at = into_.links_[of.from].to; trie_.child(at, of.byte) == piece_trie::none;
         at = into_.links_[at].to)
      pop(at);
    made.count = static_cast<std::uint16_t>(into_.popped_.size() - first);
    made.first = static_cast<std::uint32_t>(first);
    if (made.count == 1) {
      made.first = static_cast<std::uint32_t>(into_.popped_.back().id);
      made.size = into_.popped_.back().size;
      into_.popped_.pop_back();
    }
    return into_.popped_.size() <= max_popped_per_node * trie_.nodes();
  }

  /// The longest node for what is left of a string that is no piece, once its first pieces are taken away; or `none`.
  [[nodiscard]] piece_trie::node target(const edge& of) const {
    auto at = into_.links_[of.from].to;
    while (at != piece_trie::none && trie_.child(at, of.byte) == piece_trie::none)
      at = into_.links_[at].to;
    return at == piece_trie::none ? at : trie_.child(at, of.byte);
  }

  /// Adds the pieces of a link that was made before.
  void pop(piece_trie::node at) {
    const auto [to, first, count, size] = into_.links_[at];
    if (count == 1) {
      into_.popped_.push_back({static_cast<std::int32_t>(first), size});
      return;
    }
    for (std::uint32_t i = first; i < first + count; ++i)
      into_.popped_.push_back(piece_links::popped{into_.popped_[i]});
  }

  /// Bytes of a word that a piece stands for.
  [[nodiscard]] std::uint16_t size_of(std::int32_t id) const {
    const std::string& piece = pieces_[static_cast<std::size_t>(id)];
    const std::size_t mark = piece.size() > 2 && piece.starts_with("##") ? 2 : 0;
    return static_cast<std::uint16_t>(piece.size() - mark);
  }

  const piece_trie& trie_;
  std::span<const std::string> pieces_;
  piece_links& into_;
  std::vector<bool> seen_;
  std::vector<std::vector<edge>> levels_;
};

piece_links::piece_links(const piece_trie& trie, piece_trie::node continuation,
                         std::span<const std::string> pieces)
    : continuation_{continuation} {
  link_builder{trie, pieces, *this}.build();
}

} // namespace troupe::text::internal
