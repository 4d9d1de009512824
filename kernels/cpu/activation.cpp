#include "kernels/cpu/ops.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/activation.cpp"
#include <hwy/foreach_target.h>
// After foreach_target.h, which decides the instruction set.
#include "kernels/cpu/internal/simd_math-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace troupe::cpu::HWY_NAMESPACE {

template <class Function>
HWY_INLINE void each_row(std::size_t rows, std::size_t columns, const float* in, const float* bias,
                         const activation_out& out, Function function) {
  for (std::size_t row = 0; row < rows; ++row) {
    const std::size_t first = row * columns;
    for_lanes(0, columns, [&](auto d, std::size_t i) HWY_ATTR {
      const auto x = hn::Add(hn::LoadU(d, in + first + i), hn::LoadU(d, bias + i));
      store(d, function(d, x), out.at(first + i));
    });
  }
}

void bias_activation(bert::activation kind, std::size_t rows, std::size_t columns, const float* in,
                     const float* bias, activation_out out) {
  if (kind == bert::activation::gelu)
    each_row(rows, columns, in, bias, out, [](auto d, auto x) HWY_ATTR { return gelu(d, x); });
  else
    each_row(rows, columns, in, bias, out, [](auto d, auto x) HWY_ATTR { return gelu_new(d, x); });
}

const char* simd_target() {
  return hwy::TargetName(HWY_TARGET);
}

} // namespace troupe::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace troupe::cpu {

HWY_EXPORT(bias_activation);
HWY_EXPORT(simd_target);

void bias_activation(bert::activation kind, std::size_t rows, std::size_t columns, const float* in,
                     const float* bias, activation_out out) {
  HWY_DYNAMIC_DISPATCH(bias_activation)(kind, rows, columns, in, bias, out);
}

const char* simd_target() {
  return HWY_DYNAMIC_DISPATCH(simd_target)();
}

} // namespace troupe::cpu
#endif
