#include "kernels/cpu/ops.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/norm.cpp"
#include <hwy/foreach_target.h>
// After foreach_target.h, which decides the instruction set.
#include "kernels/cpu/internal/rows-inl.hpp"

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

/// Normalises a row in place. Two passes: the variance is that of the centred values, which keeps its accuracy where the mean
/// is large.
HWY_INLINE void norm_row(const norm_args& norm, float* row) {
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
    hn::StoreU(hn::MulAdd(x, hn::LoadU(d, norm.gamma + i), hn::LoadU(d, norm.beta + i)), d,
               row + i);
  });
}

void embed_norm(const embedding_tables& tables, std::span<const std::int32_t> token_ids,
                std::span<const std::int32_t> type_ids, const norm_args& norm,
                const norm_out& out) {
  for (std::size_t token = 0; token < token_ids.size(); ++token) {
    const float* word = tables.words + static_cast<std::size_t>(token_ids[token]) * norm.size;
    const float* type = tables.types + static_cast<std::size_t>(type_ids[token]) * norm.size;
    const float* position = tables.positions + token * norm.size;
    float* row = out.rows + token * out.stride;
    for_lanes(0, norm.size, [&](auto d, std::size_t i) HWY_ATTR {
      const auto sum = hn::Add(hn::LoadU(d, word + i), hn::LoadU(d, type + i));
      hn::StoreU(hn::Add(sum, hn::LoadU(d, position + i)), d, row + i);
    });
    norm_row(norm, row);
    if (out.next.type != element::fp32) convert_row(norm.size, row, out.next, token);
  }
}

void norm_rows(std::size_t rows, const norm_args& norm, const norm_out& out) {
  for (std::size_t at = 0; at < rows; ++at) {
    float* row = out.rows + at * out.stride;
    norm_row(norm, row);
    if (out.next.type != element::fp32) convert_row(norm.size, row, out.next, at);
  }
}

} // namespace troupe::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace troupe::cpu {

HWY_EXPORT(embed_norm);
HWY_EXPORT(norm_rows);

void embed_norm(const embedding_tables& tables, std::span<const std::int32_t> token_ids,
                std::span<const std::int32_t> type_ids, const norm_args& norm,
                const norm_out& out) {
  HWY_DYNAMIC_DISPATCH(embed_norm)(tables, token_ids, type_ids, norm, out);
}

void norm_rows(std::size_t rows, const norm_args& norm, const norm_out& out) {
  HWY_DYNAMIC_DISPATCH(norm_rows)(rows, norm, out);
}

} // namespace troupe::cpu
#endif
