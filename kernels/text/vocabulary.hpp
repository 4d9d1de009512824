#pragma once

#include "kernels/result.hpp"
#include "kernels/text/piece_trie.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::text {

/// The pieces of a WordPiece model. Immutable after load; any thread.
class vocabulary {
public:
  /// Reads vocab.txt: one piece per line, the id is the line's number from 0. White space at the end of a line does not
  /// belong to the piece, and of equal pieces the last one counts.
  /// @returns `unreadable_file`, or `bad_vocabulary` when there is no piece or a line is not UTF-8.
  static result<vocabulary> load(const std::filesystem::path& file);

  explicit vocabulary(std::vector<std::string> pieces);

  [[nodiscard]] std::size_t size() const noexcept { return pieces_.size(); }

  /// The pieces in order of their ids.
  [[nodiscard]] std::span<const std::string> pieces() const noexcept { return pieces_; }

  /// The text of a piece, "##" included; empty for an id that does not exist. Lives as long as the vocabulary.
  [[nodiscard]] std::string_view piece(std::int32_t id) const noexcept;

  /// The id of a piece, or -1.
  [[nodiscard]] std::int32_t find(std::string_view piece) const noexcept {
    return trie_.find(piece);
  }

  /// All pieces as a trie: a word starts at its root, what follows inside a word at the node behind "##".
  [[nodiscard]] const piece_trie& trie() const noexcept { return trie_; }

private:
  std::vector<std::string> pieces_;
  piece_trie trie_;
};

} // namespace troupe::text
