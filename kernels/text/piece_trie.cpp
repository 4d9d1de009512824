#include "kernels/text/piece_trie.hpp"

#include <algorithm>
#include <array>

namespace troupe::text {

/// Places the nodes of sorted strings, parents first. Free cells form a list in rising order; a node takes the first base
/// at which all its children fall on free cells.
class trie_builder {
public:
  trie_builder(std::span<const std::string> pieces, std::vector<piece_trie::cell>& cells)
      : pieces_{pieces}, cells_{cells} {}

  void build() {
    grow(piece_trie::root + 1);
    free_[piece_trie::none] = false; // cell 0 ends the list and is never in it
    take(piece_trie::root, piece_trie::none);
    sort_ids();
    std::vector<range> pending{{0, ids_.size(), 0, piece_trie::root}};
    while (!pending.empty()) {
      const range next = pending.back();
      pending.pop_back();
      place(next, pending);
    }
  }

private:
  /// The strings ids_[first, last) share their first `depth` bytes and so the node.
  struct range {
    std::size_t first, last, depth;
    piece_trie::node node;
  };

  /// Bases that are tried for one node before it goes to the end, so that no set of strings makes building slow.
  static constexpr int max_tries = 256;
  static constexpr std::uint32_t end_of_list = 0;

  const std::string& piece(std::size_t sorted) const { return pieces_[ids_[sorted]]; }

  void sort_ids() {
    for (std::size_t id = 0; id < pieces_.size(); ++id) {
      const std::size_t size = pieces_[id].size();
      if (size > 0 && size <= piece_trie::max_piece_bytes)
        ids_.push_back(static_cast<std::uint32_t>(id));
    }
    std::stable_sort(ids_.begin(), ids_.end(),
                     [&](std::uint32_t a, std::uint32_t b) { return pieces_[a] < pieces_[b]; });
  }

  void place(range parent, std::vector<range>& pending) {
    // Strings that end here sort first; of equal ones the last stays.
    while (parent.first < parent.last && piece(parent.first).size() == parent.depth) {
      cells_[parent.node].id = static_cast<std::int32_t>(ids_[parent.first++]);
    }
    if (parent.first == parent.last) return;
    bytes_.clear();
    starts_.clear();
    for (std::size_t i = parent.first; i < parent.last; ++i) {
      const auto byte = static_cast<unsigned char>(piece(i)[parent.depth]);
      if (!bytes_.empty() && bytes_.back() == byte) continue;
      bytes_.push_back(byte);
      starts_.push_back(i);
    }
    starts_.push_back(parent.last);
    const std::uint32_t base = find_base();
    cells_[parent.node].base = base;
    for (std::size_t i = 0; i < bytes_.size(); ++i) {
      take(base + bytes_[i], parent.node);
      pending.push_back({starts_[i], starts_[i + 1], parent.depth + 1, base + bytes_[i]});
    }
  }

  std::uint32_t find_base() {
    int tries = 0;
    for (std::uint32_t at = first_free_; at != end_of_list && tries < max_tries;
         at = next_[at], ++tries) {
      if (at <= bytes_.front()) continue;
      const std::uint32_t base = at - bytes_.front();
      grow(base + 256);
      if (std::all_of(bytes_.begin(), bytes_.end(), [&](auto byte) { return free_[base + byte]; }))
        return base;
    }
    const auto base = static_cast<std::uint32_t>(cells_.size());
    grow(base + 256);
    return base;
  }

  void grow(std::size_t size) {
    while (cells_.size() < size) {
      const auto at = static_cast<std::uint32_t>(cells_.size());
      cells_.emplace_back();
      free_.push_back(true);
      next_.push_back(end_of_list);
      previous_.push_back(last_free_);
      (last_free_ == end_of_list ? first_free_ : next_[last_free_]) = at;
      last_free_ = at;
    }
  }

  void take(std::uint32_t at, piece_trie::node parent) {
    cells_[at].parent = parent;
    free_[at] = false;
    (previous_[at] == end_of_list ? first_free_ : next_[previous_[at]]) = next_[at];
    (next_[at] == end_of_list ? last_free_ : previous_[next_[at]]) = previous_[at];
  }

  std::span<const std::string> pieces_;
  std::vector<piece_trie::cell>& cells_;
  std::vector<std::uint32_t> ids_;
  std::vector<unsigned char> bytes_;
  std::vector<std::size_t> starts_;
  std::vector<bool> free_;
  std::vector<std::uint32_t> next_, previous_;
  std::uint32_t first_free_ = end_of_list, last_free_ = end_of_list;
};

piece_trie::piece_trie(std::span<const std::string> pieces) {
  trie_builder{pieces, cells_}.build();
  cells_.resize(cells_.size() + 256);
}

piece_trie::node piece_trie::walk(node from, std::string_view bytes) const noexcept {
  for (const char byte : bytes) {
    from = child(from, static_cast<unsigned char>(byte));
    if (from == none) return none;
  }
  return from;
}

std::int32_t piece_trie::find(std::string_view piece) const noexcept {
  const node at = walk(root, piece);
  return at == none ? -1 : id(at);
}

} // namespace troupe::text
