#include "kernels/cpu/ops.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/attention.cpp"
#include <hwy/foreach_target.h>
// After foreach_target.h, which decides the instruction set.
#include "kernels/cpu/internal/attention_layout.hpp"
#include "kernels/cpu/internal/simd_math-inl.hpp"

#include <algorithm>
#include <cmath>

HWY_BEFORE_NAMESPACE();
namespace troupe::cpu::HWY_NAMESPACE {

using wide = hn::ScalableTag<float>;

#if HWY_TARGET != HWY_SCALAR
/// Four tokens' four columns from `from` on, turned over: the tokens of one column beside each other, `step` floats apart.
template <class D>
HWY_INLINE void transpose_four(D d, const float* from, std::size_t stride, float* to,
                               std::size_t step) {
  const hn::Repartition<double, D> pairs;
  const auto a = hn::LoadU(d, from), b = hn::LoadU(d, from + stride);
  const auto e = hn::LoadU(d, from + 2 * stride), f = hn::LoadU(d, from + 3 * stride);
  const auto low = hn::BitCast(pairs, hn::InterleaveLower(d, a, b));
  const auto high = hn::BitCast(pairs, hn::InterleaveUpper(d, a, b));
  const auto low2 = hn::BitCast(pairs, hn::InterleaveLower(d, e, f));
  const auto high2 = hn::BitCast(pairs, hn::InterleaveUpper(d, e, f));
  hn::Store(hn::BitCast(d, hn::InterleaveLower(pairs, low, low2)), d, to);
  hn::Store(hn::BitCast(d, hn::InterleaveUpper(pairs, low, low2)), d, to + step);
  hn::Store(hn::BitCast(d, hn::InterleaveLower(pairs, high, high2)), d, to + 2 * step);
  hn::Store(hn::BitCast(d, hn::InterleaveUpper(pairs, high, high2)), d, to + 3 * step);
}
#endif

/// keys[c, j] = key of token j, column c: scores of neighbouring tokens become neighbouring lanes.
/// Pads with zeros.
HWY_INLINE void transpose_keys(const attention_args<float>& args, const attention_layout& at,
                               float* keys) {
  std::size_t whole_tokens = 0, whole_columns = 0;
#if HWY_TARGET != HWY_SCALAR
  const hn::CappedTag<float, 4> four;
  whole_tokens = args.tokens / 4 * 4;
  whole_columns = args.head_dim / 4 * 4;
  for (std::size_t token = 0; token < whole_tokens; token += 4)
    for (std::size_t column = 0; column < whole_columns; column += 4)
      transpose_four(four, args.key + token * args.stride + column, args.stride,
                     keys + column * at.padded_tokens + token, at.padded_tokens);
#endif
  for (std::size_t column = 0; column < args.head_dim; ++column) {
    float* row = keys + column * at.padded_tokens;
    for (std::size_t token = column < whole_columns ? whole_tokens : 0; token < args.tokens;
         ++token)
      row[token] = args.key[token * args.stride + column];
    std::fill(row + args.tokens, row + at.padded_tokens, 0.0F);
  }
}

/// scores[r, j] of `Rows` queries with `Vectors` vectors of keys from j on.
template <std::size_t Rows, std::size_t Vectors>
HWY_INLINE void score_tile(const attention_args<float>& args, const attention_layout& at,
                           const float* keys, const float* queries, float* scores, std::size_t j) {
  const wide d;
  const std::size_t lanes = hn::Lanes(d);
  hn::Vec<wide> sum[Rows][Vectors];
  for (auto& row : sum)
    for (auto& part : row)
      part = hn::Zero(d);
  for (std::size_t column = 0; column < args.head_dim; ++column) {
    hn::Vec<wide> key[Vectors];
    for (std::size_t v = 0; v < Vectors; ++v)
      key[v] = hn::LoadU(d, keys + column * at.padded_tokens + j + v * lanes);
    for (std::size_t r = 0; r < Rows; ++r) {
      const auto query = hn::Set(d, queries[r * args.head_dim + column]);
      for (std::size_t v = 0; v < Vectors; ++v)
        sum[r][v] = hn::MulAdd(query, key[v], sum[r][v]);
    }
  }
  for (std::size_t r = 0; r < Rows; ++r)
    for (std::size_t v = 0; v < Vectors; ++v)
      hn::StoreU(sum[r][v], d, scores + r * at.padded_tokens + j + v * lanes);
}

/// The largest of `tokens` scores; what is behind them does not count.
HWY_INLINE float maximum(const float* scores, std::size_t tokens) {
  const wide d;
  const std::size_t lanes = hn::Lanes(d);
  auto tops = hn::Set(d, scores[0]);
  std::size_t j = 0;
  for (; j + lanes <= tokens; j += lanes)
    tops = hn::Max(tops, hn::LoadU(d, scores + j));
  float top = hn::GetLane(hn::MaxOfLanes(d, tops));
  for (; j < tokens; ++j)
    top = std::max(top, scores[j]);
  return top;
}

/// Turns a row of scores into e^(score - maximum). @returns their sum. What lies behind `tokens`
/// becomes zero.
HWY_INLINE float exponentiate(float* scores, std::size_t tokens, std::size_t padded) {
  const wide d;
  const std::size_t lanes = hn::Lanes(d);
  const auto top = hn::Set(d, maximum(scores, tokens));
  auto sum = hn::Zero(d);
  for (std::size_t j = 0; j < padded; j += lanes) {
    const auto power = exp(d, hn::Sub(hn::LoadU(d, scores + j), top));
    const auto kept = hn::IfThenElseZero(hn::FirstN(d, tokens - std::min(tokens, j)), power);
    hn::StoreU(kept, d, scores + j);
    sum = hn::Add(sum, kept);
  }
  return hn::GetLane(hn::SumOfLanes(d, sum));
}

/// `Rows` queries' outputs, from query `first` on: sums of values with `weights`
/// [Rows, padded_tokens], times `scales`.
struct mixture {
  const float* weights;
  const float* scales;
  std::size_t first;
};

/// Columns [c, c + Vectors * lanes) of the output of `Rows` queries.
template <std::size_t Rows, std::size_t Vectors, class D>
HWY_INLINE void mix_tile(D d, const attention_args<float>& args, const attention_layout& at,
                         const mixture& of, std::size_t c) {
  const std::size_t lanes = hn::Lanes(d);
  hn::Vec<D> sum[Rows][Vectors];
  for (auto& row : sum)
    for (auto& part : row)
      part = hn::Zero(d);
  for (std::size_t j = 0; j < args.tokens; ++j) {
    hn::Vec<D> value[Vectors];
    for (std::size_t v = 0; v < Vectors; ++v)
      value[v] = hn::LoadU(d, args.value + j * args.stride + c + v * lanes);
    for (std::size_t r = 0; r < Rows; ++r) {
      const auto weight = hn::Set(d, of.weights[r * at.padded_tokens + j]);
      for (std::size_t v = 0; v < Vectors; ++v)
        sum[r][v] = hn::MulAdd(weight, value[v], sum[r][v]);
    }
  }
  for (std::size_t r = 0; r < Rows; ++r)
    for (std::size_t v = 0; v < Vectors; ++v) {
      const auto mixed = hn::Mul(sum[r][v], hn::Set(d, of.scales[r]));
      const auto out = args.out.at(of.first + r, c + v * lanes);
      if (out.bf16)
        store_bf16(d, mixed, out.bf16);
      else
        hn::StoreU(mixed, d, out.fp32);
    }
}

/// All columns of the output of `Rows` queries.
template <std::size_t Rows>
HWY_INLINE void mix(const attention_args<float>& args, const attention_layout& at,
                    const mixture& of) {
  const wide d;
  std::size_t c = 0;
  for (; c + 2 * hn::Lanes(d) <= args.head_dim; c += 2 * hn::Lanes(d))
    mix_tile<Rows, 2>(d, args, at, of, c);
  for_lanes(c, args.head_dim,
            [&](auto piece, std::size_t i) HWY_ATTR { mix_tile<Rows, 1>(piece, args, at, of, i); });
}

template <std::size_t Rows>
HWY_INLINE void attend(const attention_args<float>& args, const attention_layout& at,
                       float* scratch, std::size_t query) {
  const std::size_t lanes = hn::Lanes(wide{});
  float* queries = scratch + at.queries;
  float* scores = scratch + at.scores;
  const float scale = 1.0F / std::sqrt(static_cast<float>(args.head_dim));
  for (std::size_t r = 0; r < Rows; ++r)
    for (std::size_t c = 0; c < args.head_dim; ++c)
      queries[r * args.head_dim + c] = args.query[(query + r) * args.stride + c] * scale;
  std::size_t j = 0;
  for (; j + 2 * lanes <= at.padded_tokens; j += 2 * lanes)
    score_tile<Rows, 2>(args, at, scratch, queries, scores, j);
  for (; j < at.padded_tokens; j += lanes)
    score_tile<Rows, 1>(args, at, scratch, queries, scores, j);
  float scales[Rows];
  for (std::size_t r = 0; r < Rows; ++r)
    scales[r] = 1.0F / exponentiate(scores + r * at.padded_tokens, args.tokens, at.padded_tokens);
  mix<Rows>(args, at, {scores, scales, query});
}

void attention(const attention_args<float>& args, float* scratch) {
  const attention_layout at{args.tokens, args.head_dim};
  transpose_keys(args, at, scratch);
  std::size_t query = 0;
  for (; query + attention_rows <= args.tokens; query += attention_rows)
    attend<attention_rows>(args, at, scratch, query);
  for (; query < args.tokens; ++query)
    attend<1>(args, at, scratch, query);
}

} // namespace troupe::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace troupe::cpu {

HWY_EXPORT(attention);

std::size_t attention_scratch(std::size_t tokens, std::size_t head_dim) {
  return std::max(attention_layout{tokens, head_dim}.floats,
                  bf16_attention_layout{tokens, head_dim}.floats);
}

void attention(const attention_args<float>& args, float* scratch) {
  HWY_DYNAMIC_DISPATCH(attention)(args, scratch);
}

} // namespace troupe::cpu
#endif
