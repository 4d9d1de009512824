#include "kernels/text/internal/ascii_words.hpp"

#include "kernels/text/word_shape.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/text/internal/ascii_words.cpp"
#include <hwy/foreach_target.h>
// After foreach_target.h, which decides the instruction set.
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace troupe::text::internal::HWY_NAMESPACE {

#if HWY_TARGET == HWY_SCALAR

/// A processor without vectors of 16 bytes: all is left to the general path.
std::size_t encode_ascii(std::string_view, std::size_t at, const ascii_word_model&, token_buffer&) {
  return at;
}

#else

namespace hn = hwy::HWY_NAMESPACE;

/// Bytes that are looked at together, and those of the longest word with what ends it.
constexpr std::size_t block = 64, word_block = word_key::max_bytes + 1;

using block_tag = hn::CappedTag<std::uint8_t, block>;
using block_vec = hn::Vec<block_tag>;
using word_tag = hn::FixedTag<std::uint8_t, word_block>;

/// What the bytes of a block are: bit i speaks of byte i.
struct block_bits {
  std::uint64_t word = 0, white = 0, letter = 0, upper = 0, general = 0;
};

/// Bit i says what lane i says.
HWY_INLINE std::uint64_t bits_of(hn::Mask<block_tag> mask) {
  std::uint64_t bits = 0;
  hn::StoreMaskBits(block_tag{}, mask, reinterpret_cast<std::uint8_t*>(&bits));
  return bits;
}

/// Whether lanes are in [first, first + count).
HWY_INLINE hn::Mask<block_tag> in_range(block_vec bytes, std::uint8_t first, std::uint8_t count) {
  const block_tag d;
  const auto from_first = hn::Sub(bytes, hn::Set(d, first));
  return hn::Eq(hn::Min(from_first, hn::Set(d, static_cast<std::uint8_t>(count - 1))), from_first);
}

HWY_INLINE block_bits classify(const std::uint8_t* text) {
  const block_tag d;
  const auto is = [&](block_vec bytes, char what) HWY_ATTR {
    return hn::Eq(bytes, hn::Set(d, static_cast<std::uint8_t>(what)));
  };
  block_bits out;
  for (std::size_t i = 0; i < block; i += hn::Lanes(d)) {
    const auto bytes = hn::LoadU(d, text + i);
    const auto lower = hn::Or(bytes, hn::Set(d, std::uint8_t{0x20}));
    const auto letter = in_range(lower, 'a', 26);
    const auto white =
        hn::Or(hn::Or(is(bytes, ' '), is(bytes, '\n')), hn::Or(is(bytes, '\t'), is(bytes, '\r')));
    const auto printed = in_range(bytes, 0x21, 0x7F - 0x21);
    out.word |= bits_of(hn::Or(letter, in_range(bytes, '0', 10))) << i;
    out.letter |= bits_of(letter) << i;
    out.upper |= bits_of(hn::And(letter, hn::Ne(bytes, lower))) << i;
    out.white |= bits_of(white) << i;
    out.general |= bits_of(hn::Not(hn::Or(white, printed))) << i;
  }
  return out;
}

/// Rows of a byte `size` times and then zeros, for each size up to a word's.
template <std::uint8_t Byte>
struct mask_rows {
  alignas(word_block) std::uint8_t rows[word_block][word_block] = {};

  constexpr mask_rows() {
    for (std::size_t size = 0; size < word_block; ++size)
      for (std::size_t i = 0; i < size; ++i)
        rows[size][i] = Byte;
  }
};

constexpr mask_rows<0xFF> keep;
/// This bit makes letters small and leaves digits as they are.
constexpr mask_rows<0x20> small;
constexpr mask_rows<0x00> as_it_is;

/// As `shape_of`, from the bits of the letters of a word.
HWY_INLINE std::uint8_t shape_of_bits(std::uint64_t letter, std::uint64_t upper, std::size_t size) {
  constexpr auto none = static_cast<std::uint8_t>(word_shape::no_upper),
                 first = static_cast<std::uint8_t>(word_shape::initial),
                 all = static_cast<std::uint8_t>(word_shape::all_upper),
                 mixed = static_cast<std::uint8_t>(word_shape::mixed);
  // By: is there an upper, are there two, is the first one, is there a lower.
  constexpr std::uint8_t shapes[16] = {none, mixed, none, all,   none, first, none, all,
                                       none, mixed, none, mixed, none, first, none, mixed};
  const std::uint64_t inside = (std::uint64_t{1} << size) - 1;
  letter &= inside;
  upper &= inside;
  return shapes[(upper != 0) + (std::size_t{(upper & (upper - 1)) != 0} << 1) + ((upper & 1) << 2) +
                (std::size_t{letter != upper} << 3)];
}

/// Writes four pieces of a word from `ids[first]` on; those beyond its last are overwritten by the next word.
HWY_INLINE void put_four(const word_pieces& from, std::size_t first, std::uint32_t word_start,
                         std::int32_t type, std::int32_t word_id, token_buffer& out,
                         std::size_t at) {
  const hn::FixedTag<std::int32_t, 4> d32;
  const hn::FixedTag<std::uint32_t, 4> du32;
  const hn::Repartition<std::uint16_t, word_tag> d16;
  const word_tag d8;
  const hn::Repartition<std::uint64_t, word_tag> d64;
  hn::StoreU(hn::LoadU(d32, from.ids + first), d32, out.token_ids.data() + at);
  hn::StoreU(hn::Set(d32, type), d32, out.token_type_ids.data() + at);
  hn::StoreU(hn::Set(d32, word_id), d32, out.word_ids.data() + at);
  // A piece starts where the one before it ends; the first at 0.
  std::uint64_t ends = 0;
  std::memcpy(&ends, from.ends, sizeof ends);
  const std::uint64_t starts = ends << 8;
  const auto pairs = hn::InterleaveLower(d8, hn::BitCast(d8, hn::Set(d64, starts >> 8 * first)),
                                         hn::BitCast(d8, hn::Set(d64, ends >> 8 * first)));
  const auto wide = hn::BitCast(d16, hn::InterleaveLower(d8, pairs, hn::Zero(d8)));
  const auto from_start = hn::Set(du32, word_start);
  std::uint32_t* const to = out.bounds.data() + 2 * at;
  hn::StoreU(hn::Add(hn::BitCast(du32, hn::InterleaveLower(d16, wide, hn::Zero(d16))), from_start),
             du32, to);
  hn::StoreU(hn::Add(hn::BitCast(du32, hn::InterleaveUpper(d16, wide, hn::Zero(d16))), from_start),
             du32, to + 4);
}

HWY_INLINE std::uint64_t hash_of(hn::Vec<word_tag> key) {
  const auto halves = hn::BitCast(hn::Repartition<std::uint64_t, word_tag>{}, key);
  return word_key{hn::GetLane(halves), hn::ExtractLane(halves, 1)}.hash();
}

/// A word that was read and is not looked up yet.
struct read_word {
  word_key key;
  std::uint64_t hash;
  std::uint32_t start;
  std::uint8_t size, type;
};

/// As many as are read before the first is looked up: by then what the table holds of them has come to the cache.
struct word_batch {
  static constexpr std::size_t capacity = 64;

  std::size_t count = 0;
  read_word words[capacity];
};

/// Where the bytes of a text lie: the byte at `place` at bytes[place - shift]; a block from each place below `last`.
struct readable_part {
  const std::uint8_t* bytes;
  std::size_t shift, last;
};

/// Reads the words that begin in `part` from `at` on, as many as the batch has room for, and moves `at` behind them and
/// the white space there.
/// @returns false when it stopped at something that is left to the general path.
template <bool Shapes>
HWY_NOINLINE bool read_words(const readable_part& part, std::size_t& at,
                             const ascii_word_model& model, word_batch& batch) {
  const word_tag d;
  const auto* const to_lower = model.lowercase ? small.rows : as_it_is.rows;
  std::size_t place = at, count = batch.count;
  bool all_read = true;
  while (all_read && place < part.last && count < word_batch::capacity) {
    const std::uint8_t* const text = part.bytes + (place - part.shift);
    const block_bits bits = classify(text);
    // Words that begin in the block with room for the longest behind their first byte.
    std::size_t i = static_cast<std::size_t>(std::countr_one(bits.white));
    for (; i <= block - word_block && place + i < part.last && count < word_batch::capacity;
         ++count) {
      const auto run = static_cast<std::size_t>(std::countr_one(bits.word >> i));
      all_read = run < word_block && (bits.general >> (i + run) & 1) == 0;
      if (HWY_UNLIKELY(!all_read)) break;
      const std::size_t size = run + (run == 0); // a punctuation mark is a word of one byte
      const auto key = hn::Or(hn::And(hn::LoadU(d, text + i), hn::Load(d, keep.rows[size])),
                              hn::Load(d, to_lower[run]));
      read_word& word = batch.words[count];
      hn::StoreU(key, d, reinterpret_cast<std::uint8_t*>(&word.key));
      word.hash = hash_of(key);
      word.start = static_cast<std::uint32_t>(place + i);
      word.size = static_cast<std::uint8_t>(size);
      word.type = Shapes ? shape_of_bits(bits.letter >> i, bits.upper >> i, size) : 0;
      model.whole_words->prefetch(word.hash);
      i += size;
      i += static_cast<std::size_t>(std::countr_one(bits.white >> i));
    }
    place += i;
  }
  at = place;
  batch.count = count;
  return all_read;
}

/// Puts the pieces of the words of a batch. @returns how many words; the next one has too many pieces.
template <bool Shapes>
HWY_NOINLINE std::size_t put_words(const word_batch& batch, const ascii_word_model& model,
                                   token_buffer& out) {
  std::size_t size = out.size;
  std::int32_t word_id = out.word_id;
  std::size_t i = 0;
  for (; i < batch.count; ++i) {
    const auto& [key, hash, start, bytes, type] = batch.words[i];
    if (HWY_UNLIKELY(size >= token_buffer::capacity)) {
      out.size = size;
      out.drain();
      size = 0;
    }
    if (const std::int32_t id = model.whole_words->find(key, hash); HWY_LIKELY(id >= 0)) {
      out.token_ids[size] = id;
      out.token_type_ids[size] = type;
      out.bounds[2 * size] = start;
      out.bounds[2 * size + 1] = start + bytes;
      out.word_ids[size] = word_id;
      ++size;
    } else {
      const word_pieces* pieces = model.cache->find(key, hash, model.cache_owner);
      if (HWY_UNLIKELY(pieces == nullptr)) {
        pieces = model.cache->fill(key, hash, bytes, *model.pieces, model.cache_owner);
        if (pieces == nullptr) break;
      }
      put_four(*pieces, 0, start, type, word_id, out, size);
      if (pieces->count > 4) put_four(*pieces, 4, start, type, word_id, out, size + 4);
      size += pieces->count;
    }
    word_id += out.word_id_step;
  }
  out.size = size;
  out.word_id = word_id;
  return i;
}

/// The last bytes of a text with room behind them, which counts as white space.
struct text_tail {
  std::uint8_t bytes[2 * block];

  HWY_INLINE readable_part of(std::string_view text) {
    std::memset(bytes, ' ', sizeof bytes);
    if (text.size() < block) {
      std::memcpy(bytes, text.data(), text.size());
      return {bytes, 0, text.size()};
    }
    std::memcpy(bytes, text.data() + text.size() - block, block);
    return {bytes, text.size() - block, text.size()};
  }
};

template <bool Shapes>
HWY_INLINE std::size_t encode_all(std::string_view text, std::size_t at,
                                  const ascii_word_model& model, token_buffer& out) {
  const readable_part body{reinterpret_cast<const std::uint8_t*>(text.data()), 0,
                           text.size() < block ? 0 : text.size() - block + 1};
  text_tail tail;
  word_batch batch;
  for (bool all_read = true; all_read && at < text.size();) {
    batch.count = 0;
    all_read = read_words<Shapes>(body, at, model, batch);
    if (all_read && at >= body.last) all_read = read_words<Shapes>(tail.of(text), at, model, batch);
    const std::size_t words = put_words<Shapes>(batch, model, out);
    if (words < batch.count) return batch.words[words].start;
  }
  return std::min(at, text.size());
}

std::size_t encode_ascii(std::string_view text, std::size_t at, const ascii_word_model& model,
                         token_buffer& out) {
  return model.pieces->word_shapes ? encode_all<true>(text, at, model, out)
                                   : encode_all<false>(text, at, model, out);
}

#endif

} // namespace troupe::text::internal::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace troupe::text::internal {

HWY_EXPORT(encode_ascii);

std::size_t encode_ascii_words(std::string_view text, std::size_t at, const ascii_word_model& model,
                               token_buffer& out) {
  return HWY_DYNAMIC_DISPATCH(encode_ascii)(text, at, model, out);
}

} // namespace troupe::text::internal
#endif
