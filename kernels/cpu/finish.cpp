#include "kernels/cpu/ops.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/finish.cpp"
#include <hwy/foreach_target.h>
// After foreach_target.h, which decides the instruction set.
#include "kernels/cpu/internal/simd_math-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace troupe::cpu::HWY_NAMESPACE {

using numbers = hn::CappedTag<float, 16>;
using number_vector = hn::Vec<numbers>;

/// Calls take(row, column, number) for the numbers of float32 sums.
template <class Take>
HWY_INLINE void each_float_sum(const sums_block& block, const Take& take) {
  const numbers d;
  const std::size_t lanes = hn::Lanes(d);
  const auto* sums = static_cast<const float*>(block.sums);
  for (std::size_t column = 0; column < panel_columns; column += lanes) {
    const auto bias = hn::LoadU(d, block.bias + column);
    for (std::size_t row = 0; row < block.rows; ++row)
      take(row, column, hn::Add(hn::LoadU(d, sums + row * block.stride + column), bias));
  }
}

/// The same for int32 sums, of which zeros and scales are taken out.
template <class Take>
HWY_INLINE void each_byte_sum(const sums_block& block, const Take& take) {
  const numbers d;
  const hn::RebindToSigned<numbers> di;
  const std::size_t lanes = hn::Lanes(d);
  const auto* sums = static_cast<const std::int32_t*>(block.sums);
  for (std::size_t column = 0; column < panel_columns; column += lanes) {
    const auto bias = hn::LoadU(d, block.bias + column);
    const auto scales = hn::LoadU(d, block.column_scales + column);
    const auto weights = hn::LoadU(di, block.column_sums + column);
    for (std::size_t row = 0; row < block.rows; ++row) {
      const auto sum = hn::Sub(hn::LoadU(di, sums + row * block.stride + column),
                               hn::Mul(weights, hn::Set(di, block.row_zeros[row])));
      const auto scale = hn::Mul(scales, hn::Set(d, block.row_scales[row]));
      take(row, column, hn::MulAdd(hn::ConvertTo(d, sum), scale, bias));
    }
  }
}

template <class Take>
HWY_INLINE void each_number(const sums_block& block, const Take& take) {
  if (block.row_scales)
    each_byte_sum(block, take);
  else
    each_float_sum(block, take);
}

/// Stores function(number) in the type that is wanted.
template <class Function>
HWY_INLINE void store_numbers(const sums_block& block, const number_out& out,
                              const Function& function) {
  const numbers d;
  if (out.bf16)
    each_number(block, [&](std::size_t row, std::size_t column, number_vector x) HWY_ATTR {
      store_bf16(d, function(x), out.bf16 + row * out.stride + column);
    });
  else if (out.fp16)
    each_number(block, [&](std::size_t row, std::size_t column, number_vector x) HWY_ATTR {
      store_fp16(d, function(x), out.fp16 + row * out.stride + column);
    });
  else
    each_number(block, [&](std::size_t row, std::size_t column, number_vector x) HWY_ATTR {
      hn::StoreU(function(x), d, out.fp32 + row * out.stride + column);
    });
}

void finish_linear(const sums_block& block, const number_out& out) {
  store_numbers(block, out, [](number_vector x) HWY_ATTR { return x; });
}

void finish_activation(bert::activation kind, const sums_block& block, const number_out& out) {
  const numbers d;
  if (kind == bert::activation::gelu_new)
    store_numbers(block, out, [d](number_vector x) HWY_ATTR { return gelu_new(d, x); });
  else if (out.fp32)
    store_numbers(block, out, [d](number_vector x) HWY_ATTR { return gelu(d, x); });
  else
    store_numbers(block, out, [d](number_vector x) HWY_ATTR { return gelu_for_16_bits(d, x); });
}

void finish_residual(const sums_block& block, float* hidden, std::size_t stride) {
  const numbers d;
  each_number(block, [&](std::size_t row, std::size_t column, number_vector x) HWY_ATTR {
    float* at = hidden + row * stride + column;
    hn::StoreU(hn::Add(hn::LoadU(d, at), x), d, at);
  });
}

const char* simd_target() {
  return hwy::TargetName(HWY_TARGET);
}

} // namespace troupe::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace troupe::cpu {

HWY_EXPORT(finish_linear);
HWY_EXPORT(finish_activation);
HWY_EXPORT(finish_residual);
HWY_EXPORT(simd_target);

void finish_linear(const sums_block& block, const number_out& out) {
  HWY_DYNAMIC_DISPATCH(finish_linear)(block, out);
}

void finish_activation(bert::activation kind, const sums_block& block, const number_out& out) {
  HWY_DYNAMIC_DISPATCH(finish_activation)(kind, block, out);
}

void finish_residual(const sums_block& block, float* hidden, std::size_t stride) {
  HWY_DYNAMIC_DISPATCH(finish_residual)(block, hidden, stride);
}

const char* simd_target() {
  return HWY_DYNAMIC_DISPATCH(simd_target)();
}

} // namespace troupe::cpu
#endif
