#include "kernels/text/internal/ascii_words.hpp"

#include "kernels/text/word_shape.hpp"

#include <algorithm>
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

constexpr std::size_t block = 16;
using bytes_tag = hn::FixedTag<std::uint8_t, block>;
using bytes_vec = hn::Vec<bytes_tag>;

/// Bit i says what lane i says.
HWY_INLINE std::uint32_t bits_of(hn::Mask<bytes_tag> mask) {
  std::uint8_t bits[8] = {};
  hn::StoreMaskBits(bytes_tag{}, mask, bits);
  return static_cast<std::uint32_t>(bits[0] | bits[1] << 8);
}

/// Whether lanes are in [first, first + count).
HWY_INLINE hn::Mask<bytes_tag> in_range(bytes_vec bytes, std::uint8_t first, std::uint8_t count) {
  const bytes_tag d;
  const auto from_first = hn::Sub(bytes, hn::Set(d, first));
  return hn::Eq(hn::Min(from_first, hn::Set(d, static_cast<std::uint8_t>(count - 1))), from_first);
}

/// What 16 bytes of a text are.
struct classified {
  std::uint32_t word, space, letter, upper;
  bytes_vec lowered;
};

HWY_INLINE classified classify(const std::uint8_t* text, std::uint8_t case_bit) {
  const bytes_tag d;
  const auto bytes = hn::LoadU(d, text);
  const auto lower = hn::Or(bytes, hn::Set(d, std::uint8_t{0x20}));
  const auto letter = in_range(lower, 'a', 26);
  const auto word = hn::Or(letter, in_range(bytes, '0', 10));
  return {bits_of(word), bits_of(hn::Eq(bytes, hn::Set(d, std::uint8_t{' '}))), bits_of(letter),
          bits_of(hn::And(letter, hn::Ne(bytes, lower))),
          hn::Or(bytes, hn::IfThenElseZero(letter, hn::Set(d, case_bit)))};
}

/// `size` bytes of all ones, then zeros, from `ones_then_zeros + block - size` on.
alignas(32) constexpr std::uint8_t ones_then_zeros[2 * block] = {
    0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF};

HWY_INLINE word_key key_of(bytes_vec lowered, std::size_t size) {
  const bytes_tag d;
  const hn::Repartition<std::uint64_t, bytes_tag> d64;
  const auto key = hn::BitCast(
      d64, hn::And(lowered, hn::LoadU(d, ones_then_zeros + block - size)));
  return {hn::GetLane(key), hn::ExtractLane(key, 1)};
}

/// As `shape_of`, from the bits of the letters of a word.
HWY_INLINE std::int32_t shape_of_bits(std::uint32_t letter, std::uint32_t upper, std::size_t size) {
  const std::uint32_t inside = (1U << size) - 1;
  letter &= inside;
  upper &= inside;
  const auto several =
      static_cast<std::int32_t>(letter == upper ? word_shape::all_upper : word_shape::mixed);
  const auto one = static_cast<std::int32_t>(upper == 1 ? word_shape::initial : word_shape::mixed);
  const std::int32_t some = (upper & (upper - 1)) == 0 ? one : several;
  return upper == 0 ? static_cast<std::int32_t>(word_shape::no_upper) : some;
}

/// Writes four pieces of a word from `ids[first]` on; those beyond its last are overwritten by the next word.
HWY_INLINE void put_four(const word_pieces& from, std::size_t first, std::uint32_t word_start,
                         std::int32_t type, token_buffer& out, std::size_t at) {
  const hn::FixedTag<std::int32_t, 4> d32;
  const hn::FixedTag<std::uint32_t, 4> du32;
  const hn::Repartition<std::uint16_t, bytes_tag> d16;
  const bytes_tag d8;
  const hn::Repartition<std::uint64_t, bytes_tag> d64;
  hn::StoreU(hn::LoadU(d32, from.ids + first), d32, out.token_ids.data() + at);
  hn::StoreU(hn::Set(d32, type), d32, out.token_type_ids.data() + at);
  hn::StoreU(hn::Set(d32, out.word_id), d32, out.word_ids.data() + at);
  // A piece starts where the one before it ends; the first at 0.
  std::uint64_t ends = 0;
  std::memcpy(&ends, from.ends, sizeof ends);
  const std::uint64_t starts = ends << 8;
  const auto pairs = hn::InterleaveLower(d8, hn::BitCast(d8, hn::Set(d64, starts >> 8 * first)),
                                         hn::BitCast(d8, hn::Set(d64, ends >> 8 * first)));
  const auto wide = hn::BitCast(d16, hn::InterleaveLower(d8, pairs, hn::Zero(d8)));
  const auto from_start = hn::Set(du32, word_start);
  auto* to = reinterpret_cast<std::uint32_t*>(out.offsets.data() + at);
  hn::StoreU(hn::Add(hn::BitCast(du32, hn::InterleaveLower(d16, wide, hn::Zero(d16))), from_start),
             du32, to);
  hn::StoreU(hn::Add(hn::BitCast(du32, hn::InterleaveUpper(d16, wide, hn::Zero(d16))), from_start),
             du32, to + 4);
}

/// The words that begin in [at, last) of a text that `base` + place points into; 16 bytes can be read from each place.
/// @returns whether it came to `last`, or stopped at the new `at`.
template <bool Shapes>
HWY_INLINE bool encode_part(const std::uint8_t* base, std::size_t& at, std::size_t last,
                            std::size_t shift, const ascii_word_model& model, token_buffer& out) {
  const std::uint8_t case_bit = model.lowercase ? 0x20 : 0;
  const byte_kind* const kinds = model.ascii->kinds.data();
  std::size_t place = at;
  std::size_t size = out.size;
  while (place < last) {
    const std::uint8_t* const text = base + (place - shift);
    const classified found = classify(text, case_bit);
    const std::size_t run = hwy::Num0BitsBelowLS1Bit_Nonzero32(~found.word);
    if (HWY_UNLIKELY(run == block)) break;
    const byte_kind next = kinds[text[run]];
    if (HWY_UNLIKELY(next > byte_kind::punctuation)) break;
    if (run == 0 && next == byte_kind::white) {
      ++place;
      continue;
    }
    const std::size_t bytes = run + (run == 0); // a punctuation mark is a word of one byte
    const word_key key = key_of(found.lowered, bytes);
    const std::uint64_t hash = key.hash();
    const std::int32_t type = Shapes ? shape_of_bits(found.letter, found.upper, bytes) : 0;
    const auto start = static_cast<std::uint32_t>(place);
    if (HWY_UNLIKELY(size >= token_buffer::capacity)) {
      out.size = size;
      out.drain();
      size = 0;
    }
    if (const std::int32_t id = model.whole_words->find(key, hash); HWY_LIKELY(id >= 0)) {
      out.token_ids[size] = id;
      out.token_type_ids[size] = type;
      out.offsets[size] = {start, start + static_cast<std::uint32_t>(bytes)};
      out.word_ids[size] = out.word_id;
      ++size;
    } else {
      const word_pieces* pieces = &model.cache->slot(hash);
      if (!(pieces->key == key && pieces->owner == model.cache_owner)) {
        pieces = model.cache->fill(key, hash, bytes, *model.pieces, model.cache_owner);
        if (pieces == nullptr) break;
      }
      put_four(*pieces, 0, start, type, out, size);
      if (pieces->count > 4) put_four(*pieces, 4, start, type, out, size + 4);
      size += pieces->count;
    }
    out.end_word();
    place += bytes + ((found.space >> bytes) & 1);
  }
  out.size = size;
  at = place;
  return place >= last;
}

template <bool Shapes>
HWY_INLINE std::size_t encode_all(std::string_view text, std::size_t at,
                                  const ascii_word_model& model, token_buffer& out) {
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(text.data());
  if (text.size() >= block &&
      !encode_part<Shapes>(bytes, at, text.size() - block + 1, 0, model, out))
    return at;
  if (at >= text.size()) return text.size();
  // The last bytes with room behind them, which counts as white space.
  std::uint8_t tail[2 * block];
  std::memset(tail, ' ', sizeof tail);
  const std::size_t shift = text.size() >= block ? text.size() - block : 0;
  if (text.size() >= block)
    std::memcpy(tail, bytes + shift, block);
  else
    std::memcpy(tail, bytes, text.size());
  encode_part<Shapes>(tail, at, text.size(), shift, model, out);
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
