#include "kernels/text/internal/word_cache.hpp"

#include "kernels/text/defaults.hpp"

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstring>
#include <limits>
#include <memory>

namespace troupe::text::internal {

static_assert(std::has_single_bit(defaults::cached_words));
static_assert(sizeof(word_pieces) == 64);

word_cache::word_cache()
    : shift_{static_cast<unsigned>(64 - std::countr_zero(defaults::cached_words / ways))},
      slots_(defaults::cached_words) {}

word_cache& word_cache::of_this_thread() {
  thread_local const std::unique_ptr<word_cache> cache{new word_cache};
  return *cache;
}

std::uint32_t word_cache::new_owner() noexcept {
  static std::atomic<std::uint64_t> last{0};
  const std::uint64_t owner = ++last;
  return owner <= std::numeric_limits<std::uint32_t>::max() ? static_cast<std::uint32_t>(owner) : 0;
}

const word_pieces* word_cache::fill(const word_key& key, std::uint64_t hash, std::size_t size,
                                    const piece_model& model, std::uint32_t owner) noexcept {
  char word[sizeof key];
  std::memcpy(word, &key, sizeof key);
  word_pieces found{};
  std::size_t count = 0;
  const bool known = model.match({word, size}, [&](std::int32_t id, std::size_t, std::size_t end) {
    if (count < word_pieces::max_count) {
      found.ids[count] = id;
      found.ends[count] = static_cast<std::uint8_t>(end);
    }
    ++count;
  });
  if (!known) {
    found.ids[0] = model.unk_id;
    found.ends[0] = static_cast<std::uint8_t>(size);
    count = 1;
  }
  if (count > word_pieces::max_count) return nullptr;
  found.key = key;
  found.owner = owner;
  found.count = static_cast<std::uint32_t>(count);
  next_way_ = (next_way_ + 1) % ways;
  return &(slots_[set_of(hash) + next_way_] = found);
}

void word_cache::clear() {
  std::fill(slots_.begin(), slots_.end(), word_pieces{});
}

} // namespace troupe::text::internal
