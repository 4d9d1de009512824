#include "kernels/cpu/ops.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/classifier.cpp"
#include <hwy/foreach_target.h>
// After foreach_target.h, which decides the instruction set.
#include "kernels/cpu/internal/simd_math-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace troupe::cpu::HWY_NAMESPACE {

HWY_INLINE float dot(const float* a, const float* b, std::size_t size) {
  const hn::ScalableTag<float> d;
  auto sum = hn::Zero(d);
  std::size_t i = 0;
  for (; i + hn::Lanes(d) <= size; i += hn::Lanes(d))
    sum = hn::MulAdd(hn::LoadU(d, a + i), hn::LoadU(d, b + i), sum);
  float total = hn::GetLane(hn::SumOfLanes(d, sum));
  for (; i < size; ++i)
    total += a[i] * b[i];
  return total;
}

void classify_rows(const classifier_args& head, std::size_t rows, const float* hidden,
                   std::size_t stride, float* logits) {
  for (std::size_t row = 0; row < rows; ++row)
    for (std::size_t label = 0; label < head.labels; ++label)
      logits[row * head.labels + label] =
          dot(hidden + row * stride, head.weight + label * head.size, head.size) + head.bias[label];
}

} // namespace troupe::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace troupe::cpu {

HWY_EXPORT(classify_rows);

void classify_rows(const classifier_args& head, std::size_t rows, const float* hidden,
                   std::size_t stride, float* logits) {
  HWY_DYNAMIC_DISPATCH(classify_rows)(head, rows, hidden, stride, logits);
}

} // namespace troupe::cpu
#endif
