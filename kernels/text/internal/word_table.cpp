#include "kernels/text/internal/word_table.hpp"

#include "kernels/text/defaults.hpp"

#include <algorithm>
#include <bit>

namespace troupe::text::internal {
namespace {

/// Whether the loop over ASCII words can ask for this piece: a run of letters and digits, or one punctuation mark.
bool is_ascii_word(std::string_view piece, const ascii_table& ascii) {
  if (piece.size() == 1 && ascii.kind(piece[0]) == byte_kind::punctuation) return true;
  return !piece.empty() && piece.size() <= word_key::max_bytes &&
         std::all_of(piece.begin(), piece.end(),
                     [&](char byte) { return ascii.kind(byte) == byte_kind::word; });
}

} // namespace

word_table::word_table(const vocabulary& words, const ascii_table& ascii) {
  std::vector<std::int32_t> ids;
  for (std::size_t i = 0; i < words.size() && ids.size() < defaults::max_whole_words; ++i) {
    const auto id = static_cast<std::int32_t>(i);
    // Of equal pieces the last one counts, and only that has its own id in the trie.
    if (is_ascii_word(words.piece(id), ascii) && words.find(words.piece(id)) == id)
      ids.push_back(id);
  }
  // At most half full.
  const auto bits =
      static_cast<unsigned>(std::bit_width(std::max<std::size_t>(ids.size(), 16))) + 1;
  shift_ = 64 - bits;
  slots_.resize((std::size_t{1} << bits) + max_tries);
  for (const std::int32_t id : ids)
    insert(word_key::of(words.piece(id)), id);
}

void word_table::insert(const word_key& key, std::int32_t id) {
  const auto first = slots_.begin() + static_cast<std::ptrdiff_t>(key.hash() >> shift_);
  const auto last = first + max_tries;
  const auto free = std::find_if(first, last, [](const slot& each) { return each.id < 0; });
  if (free != last) *free = {key, id};
}

} // namespace troupe::text::internal
