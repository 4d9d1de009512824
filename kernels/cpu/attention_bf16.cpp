#include "kernels/cpu/internal/attention_layout.hpp"
#include "kernels/cpu/ops.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <immintrin.h>

// Functions of this file run only where the machine has what they name; the rest of the library is built for any x86-64.
#define TROUPE_AVX512 __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512bf16")))

namespace troupe::cpu {
namespace {

// Two numbers that a dot product takes at once are called a pair: neighbouring columns of a query and of a key, neighbouring
// tokens of weights and values. Loops over rows are unrolled, or the compiler would keep sums in memory.

/// Queries that one pass over the keys serves.
constexpr std::size_t most_rows = bf16_attention_layout::rows;
/// Numbers of a vector of sums.
constexpr std::size_t lanes = 16;

TROUPE_AVX512 inline __m512 add_dots(__m512 sums, __m512i left, __m512i right) {
  return _mm512_dpbf16_ps(sums, reinterpret_cast<__m512bh>(left),
                          reinterpret_cast<__m512bh>(right));
}

/// The pair at `from` in every lane.
TROUPE_AVX512 inline __m512i broadcast_pair(const bf16_bits* from) {
  std::int32_t pair;
  std::memcpy(&pair, from, sizeof pair);
  return _mm512_set1_epi32(pair);
}

/// Four columns of pairs of the token at `from`; zeros behind the last token.
TROUPE_AVX512 inline __m128 four_pairs(const attention_args<bf16_bits>& args, std::size_t token,
                                       std::size_t column) {
  if (token >= args.tokens) return _mm_setzero_ps();
  return _mm_loadu_ps(reinterpret_cast<const float*>(args.key + token * args.stride + column));
}

/// keys[j / 16, c / 2, j % 16] = the pair of columns c and c + 1 of token j. Up to three tokens of zeros follow the last.
TROUPE_AVX512 void turn_keys(const attention_args<bf16_bits>& args, std::uint32_t* keys) {
  for (std::size_t token = 0; token < args.tokens; token += 4)
    for (std::size_t column = 0; column < args.head_dim; column += 8) {
      __m128 a = four_pairs(args, token, column), b = four_pairs(args, token + 1, column);
      __m128 c = four_pairs(args, token + 2, column), d = four_pairs(args, token + 3, column);
      _MM_TRANSPOSE4_PS(a, b, c, d);
      const std::size_t in_block = token % lanes;
      auto* to = reinterpret_cast<float*>(keys + (token - in_block) * (args.head_dim / 2) +
                                          column / 2 * lanes + in_block);
      _mm_store_ps(to, a);
      _mm_store_ps(to + lanes, b);
      _mm_store_ps(to + 2 * lanes, c);
      _mm_store_ps(to + 3 * lanes, d);
    }
}

/// values[j / 2, c] = column c of tokens j and j + 1 as a pair; zeros behind the last token.
TROUPE_AVX512 void pair_values(const attention_args<bf16_bits>& args, std::uint32_t* values) {
  const __m512i low = _mm512_set_epi16(47, 15, 46, 14, 45, 13, 44, 12, 43, 11, 42, 10, 41, 9, 40, 8,
                                       39, 7, 38, 6, 37, 5, 36, 4, 35, 3, 34, 2, 33, 1, 32, 0);
  const __m512i high = _mm512_add_epi16(low, _mm512_set1_epi16(16));
  for (std::size_t token = 0; token < args.tokens; token += 2)
    for (std::size_t column = 0; column < args.head_dim; column += 2 * lanes) {
      const bf16_bits* from = args.value + token * args.stride + column;
      const __m512i first = _mm512_loadu_si512(from);
      const __m512i second =
          token + 1 < args.tokens ? _mm512_loadu_si512(from + args.stride) : _mm512_setzero_si512();
      std::uint32_t* to = values + token / 2 * args.head_dim + column;
      _mm512_store_si512(to, _mm512_permutex2var_epi16(first, low, second));
      _mm512_store_si512(to + lanes, _mm512_permutex2var_epi16(first, high, second));
    }
}

/// scores[r, j] of `Rows` queries with the keys from j on, and the largest so far; the lowest number behind the last token.
template <std::size_t Rows, std::size_t Vectors>
TROUPE_AVX512 inline void
score(const attention_args<bf16_bits>& args, const bf16_attention_layout& at, std::size_t query,
      const std::uint32_t* keys, float* scores, std::size_t j, __m512 (&top)[Rows]) {
  __m512 sums[Rows][Vectors];
#pragma GCC unroll 8
  for (std::size_t r = 0; r < Rows; ++r)
#pragma GCC unroll 2
    for (std::size_t v = 0; v < Vectors; ++v)
      sums[r][v] = _mm512_setzero_ps();
  const bf16_bits* queries = args.query + query * args.stride;
  for (std::size_t pair = 0; pair < args.head_dim / 2; ++pair) {
    __m512i key[Vectors];
#pragma GCC unroll 2
    for (std::size_t v = 0; v < Vectors; ++v)
      key[v] = _mm512_load_si512(keys + (j + v * lanes) * (args.head_dim / 2) + pair * lanes);
#pragma GCC unroll 8
    for (std::size_t r = 0; r < Rows; ++r) {
      const __m512i x = broadcast_pair(queries + r * args.stride + 2 * pair);
#pragma GCC unroll 2
      for (std::size_t v = 0; v < Vectors; ++v)
        sums[r][v] = add_dots(sums[r][v], x, key[v]);
    }
  }
  const __m512 lowest = _mm512_set1_ps(-INFINITY);
#pragma GCC unroll 2
  for (std::size_t v = 0; v < Vectors; ++v) {
    const std::size_t left = args.tokens - std::min(args.tokens, j + v * lanes);
    const auto tokens = static_cast<__mmask16>((1U << std::min(left, lanes)) - 1);
#pragma GCC unroll 8
    for (std::size_t r = 0; r < Rows; ++r) {
      const __m512 found = _mm512_mask_blend_ps(tokens, lowest, sums[r][v]);
      _mm512_store_ps(scores + r * at.padded_tokens + j + v * lanes, found);
      top[r] = _mm512_max_ps(top[r], found);
    }
  }
}

/// 2^x for x up to 0, with a relative error below 3e-6: small beside what a bfloat16 keeps.
TROUPE_AVX512 inline __m512 power_of_two(__m512 x) {
  const __m512 fraction = _mm512_reduce_ps(x, _MM_FROUND_TO_NEG_INF);
  __m512 sum = _mm512_set1_ps(0.013426685705780983F);
  sum = _mm512_fmadd_ps(sum, fraction, _mm512_set1_ps(0.0522424690425396F));
  sum = _mm512_fmadd_ps(sum, fraction, _mm512_set1_ps(0.2412802129983902F));
  sum = _mm512_fmadd_ps(sum, fraction, _mm512_set1_ps(0.6930448412895203F));
  sum = _mm512_fmadd_ps(sum, fraction, _mm512_set1_ps(1.0F));
  return _mm512_scalef_ps(sum, x);
}

/// Turns a row of scores into e^(scale (score - largest)), in place, as bfloat16 numbers. @returns one over their sum, that is
/// over the sum of what was rounded, so that the weights of a query are 1 together.
TROUPE_AVX512 float soften(const bf16_attention_layout& at, float* scores, __m512 top,
                           float scale) {
  const __m512 factor = _mm512_set1_ps(scale);
  const __m512 largest = _mm512_set1_ps(_mm512_reduce_max_ps(top) * scale);
  const __m512i ones = _mm512_set1_epi16(0x3f80);
  __m512 sum = _mm512_setzero_ps();
  auto* weights = reinterpret_cast<std::byte*>(scores);
  std::size_t j = 0;
  for (; j + 2 * lanes <= at.padded_tokens; j += 2 * lanes) {
    const __m512 left = _mm512_fmsub_ps(_mm512_load_ps(scores + j), factor, largest);
    const __m512 right = _mm512_fmsub_ps(_mm512_load_ps(scores + j + lanes), factor, largest);
    const auto rounded =
        reinterpret_cast<__m512i>(_mm512_cvtne2ps_pbh(power_of_two(right), power_of_two(left)));
    sum = add_dots(sum, rounded, ones);
    _mm512_storeu_si512(weights + j * sizeof(bf16_bits), rounded);
  }
  if (j < at.padded_tokens) {
    const __m512 last = _mm512_fmsub_ps(_mm512_load_ps(scores + j), factor, largest);
    const auto rounded = reinterpret_cast<__m256i>(_mm512_cvtneps_pbh(power_of_two(last)));
    sum = add_dots(sum, _mm512_zextsi256_si512(rounded), ones);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(weights + j * sizeof(bf16_bits)), rounded);
  }
  return 1.0F / _mm512_reduce_add_ps(sum);
}

/// Columns [c, c + 32) of the outputs of `Rows` queries: sums of values with `weights`, times `scales`.
template <std::size_t Rows>
TROUPE_AVX512 inline void
mix(const attention_args<bf16_bits>& args, const bf16_attention_layout& at, std::size_t query,
    const std::uint32_t* values, const float* weights, const float (&scales)[Rows], std::size_t c) {
  __m512 sums[Rows][2];
#pragma GCC unroll 8
  for (std::size_t r = 0; r < Rows; ++r)
    sums[r][0] = sums[r][1] = _mm512_setzero_ps();
  for (std::size_t pair = 0; pair < (args.tokens + 1) / 2; ++pair) {
    const std::uint32_t* from = values + pair * args.head_dim + c;
    const __m512i left = _mm512_load_si512(from), right = _mm512_load_si512(from + lanes);
#pragma GCC unroll 8
    for (std::size_t r = 0; r < Rows; ++r) {
      const auto* row = reinterpret_cast<const bf16_bits*>(weights + r * at.padded_tokens);
      const __m512i x = broadcast_pair(row + 2 * pair);
      sums[r][0] = add_dots(sums[r][0], x, left);
      sums[r][1] = add_dots(sums[r][1], x, right);
    }
  }
#pragma GCC unroll 8
  for (std::size_t r = 0; r < Rows; ++r) {
    const __m512 scale = _mm512_set1_ps(scales[r]);
    const __m512 left = _mm512_mul_ps(sums[r][0], scale), right = _mm512_mul_ps(sums[r][1], scale);
    const auto out = args.out.at(query + r, c);
    if (out.bf16) {
      const __m512bh rounded = _mm512_cvtne2ps_pbh(right, left);
      std::memcpy(out.bf16, &rounded, sizeof rounded);
    } else {
      _mm512_storeu_ps(out.fp32, left);
      _mm512_storeu_ps(out.fp32 + lanes, right);
    }
  }
}

/// `Rows` queries from `query` on.
template <std::size_t Rows>
TROUPE_AVX512 void attend(const attention_args<bf16_bits>& args, const bf16_attention_layout& at,
                          float* scratch, std::size_t query) {
  const auto* keys = reinterpret_cast<const std::uint32_t*>(scratch);
  float* scores = scratch + at.scores;
  __m512 top[Rows];
#pragma GCC unroll 8
  for (std::size_t r = 0; r < Rows; ++r)
    top[r] = _mm512_set1_ps(-INFINITY);
  std::size_t j = 0;
  for (; j + 2 * lanes <= at.padded_tokens; j += 2 * lanes)
    score<Rows, 2>(args, at, query, keys, scores, j, top);
  for (; j < at.padded_tokens; j += lanes)
    score<Rows, 1>(args, at, query, keys, scores, j, top);
  // Powers of two instead of e.
  const float scale = 1.4426950408889634F / std::sqrt(static_cast<float>(args.head_dim));
  float scales[Rows];
#pragma GCC unroll 8
  for (std::size_t r = 0; r < Rows; ++r)
    scales[r] = soften(at, scores + r * at.padded_tokens, top[r], scale);
  for (std::size_t c = 0; c < args.head_dim; c += 2 * lanes)
    mix<Rows>(args, at, query, keys + at.values, scores, scales, c);
}

/// The queries that are left, fewer than a block.
template <std::size_t Rows>
void attend_rest(const attention_args<bf16_bits>& args, const bf16_attention_layout& at,
                 float* scratch, std::size_t query) {
  if constexpr (Rows > 0) {
    if (args.tokens - query == Rows)
      attend<Rows>(args, at, scratch, query);
    else
      attend_rest<Rows - 1>(args, at, scratch, query);
  }
}

} // namespace

void attention(const attention_args<bf16_bits>& args, float* scratch) {
  const bf16_attention_layout at{args.tokens, args.head_dim};
  auto* keys = reinterpret_cast<std::uint32_t*>(scratch);
  turn_keys(args, keys);
  pair_values(args, keys + at.values);
  std::size_t query = 0;
  for (; query + most_rows <= args.tokens; query += most_rows)
    attend<most_rows>(args, at, scratch, query);
  attend_rest<most_rows - 1>(args, at, scratch, query);
}

} // namespace troupe::cpu
