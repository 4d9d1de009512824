#include "kernels/cpu/ops.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/norm.cpp"
#include <hwy/foreach_target.h>
// After foreach_target.h, which decides the instruction set.
#include "kernels/cpu/internal/simd_math-inl.hpp"

#include <cmath>

HWY_BEFORE_NAMESPACE();
namespace troupe::cpu::HWY_NAMESPACE {

/// The sum over i of `term(tag, i)`, of whole vectors first and then of single elements.
template <class Term>
HWY_INLINE float sum_of(std::size_t size, Term term) {
  const hn::ScalableTag<float> d;
  const hn::CappedTag<float, 1> one;
  auto wide = hn::Zero(d);
  auto narrow = hn::Zero(one);
  std::size_t i = 0;
  for (; i + hn::Lanes(d) <= size; i += hn::Lanes(d))
    wide = hn::Add(wide, term(d, i));
  for (; i < size; ++i)
    narrow = hn::Add(narrow, term(one, i));
  return hn::GetLane(hn::SumOfLanes(d, wide)) + hn::GetLane(narrow);
}

/// Normalises the row that stands in `out.fp32` in place. Two passes: the variance is that of the
/// centred values, which keeps its accuracy where the mean is large.
HWY_INLINE void norm_row(const norm_args& norm, const activation_out& out) {
  const float* row = out.fp32;
  const auto size = static_cast<float>(norm.size);
  const float mean =
      sum_of(norm.size, [&](auto d, std::size_t i) HWY_ATTR { return hn::LoadU(d, row + i); }) /
      size;
  const float variance = sum_of(norm.size,
                                [&](auto d, std::size_t i) HWY_ATTR {
                                  const auto x = hn::Sub(hn::LoadU(d, row + i), hn::Set(d, mean));
                                  return hn::Mul(x, x);
                                }) /
                         size;
  const float scale = 1.0F / std::sqrt(variance + norm.epsilon);
  for_lanes(0, norm.size, [&](auto d, std::size_t i) HWY_ATTR {
    const auto x = hn::Mul(hn::Sub(hn::LoadU(d, row + i), hn::Set(d, mean)), hn::Set(d, scale));
    store(d, hn::MulAdd(x, hn::LoadU(d, norm.gamma + i), hn::LoadU(d, norm.beta + i)), out.at(i));
  });
}

void embed_norm(const embedding_tables& tables, std::span<const std::int32_t> token_ids,
                std::span<const std::int32_t> type_ids, const norm_args& norm, activation_out out) {
  for (std::size_t token = 0; token < token_ids.size(); ++token) {
    const float* word = tables.words + static_cast<std::size_t>(token_ids[token]) * norm.size;
    const float* type = tables.types + static_cast<std::size_t>(type_ids[token]) * norm.size;
    const float* position = tables.positions + token * norm.size;
    const auto row = out.at(token * norm.size);
    for_lanes(0, norm.size, [&](auto d, std::size_t i) HWY_ATTR {
      const auto sum = hn::Add(hn::LoadU(d, word + i), hn::LoadU(d, type + i));
      hn::StoreU(hn::Add(sum, hn::LoadU(d, position + i)), d, row.fp32 + i);
    });
    norm_row(norm, row);
  }
}

void residual_norm(std::size_t rows, const float* delta, const float* bias, const norm_args& norm,
                   float* hidden, bf16_bits* copy) {
  for (std::size_t row = 0; row < rows; ++row) {
    const auto out = activation_out{hidden, copy}.at(row * norm.size);
    const float* added = delta + row * norm.size;
    for_lanes(0, norm.size, [&](auto d, std::size_t i) HWY_ATTR {
      const auto sum = hn::Add(hn::LoadU(d, added + i), hn::LoadU(d, bias + i));
      hn::StoreU(hn::Add(sum, hn::LoadU(d, out.fp32 + i)), d, out.fp32 + i);
    });
    norm_row(norm, out);
  }
}

} // namespace troupe::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace troupe::cpu {

HWY_EXPORT(embed_norm);
HWY_EXPORT(residual_norm);

void embed_norm(const embedding_tables& tables, std::span<const std::int32_t> token_ids,
                std::span<const std::int32_t> type_ids, const norm_args& norm, activation_out out) {
  HWY_DYNAMIC_DISPATCH(embed_norm)(tables, token_ids, type_ids, norm, out);
}

void residual_norm(std::size_t rows, const float* delta, const float* bias, const norm_args& norm,
                   float* hidden, bf16_bits* copy) {
  HWY_DYNAMIC_DISPATCH(residual_norm)(rows, delta, bias, norm, hidden, copy);
}

} // namespace troupe::cpu
#endif
