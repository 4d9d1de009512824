#include "kernels/cpu/ops.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/rows.cpp"
#include <hwy/foreach_target.h>
// After foreach_target.h, which decides the instruction set.
#include "kernels/cpu/internal/rows-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace troupe::cpu::HWY_NAMESPACE {

void convert_rows(std::size_t rows, std::size_t size, const float* in, std::size_t in_stride,
                  const input_rows& out) {
  for (std::size_t row = 0; row < rows; ++row)
    convert_row(size, in + row * in_stride, out, row);
}

void quantize_fp16_rows(std::size_t rows, std::size_t size, const fp16_bits* in,
                        std::size_t in_stride, const input_rows& out) {
  for (std::size_t row = 0; row < rows; ++row) {
    const fp16_bits* from = in + row * in_stride;
    quantize_row(
        size, [from](auto d, std::size_t i) HWY_ATTR { return load_fp16(d, from + i); }, out, row);
  }
}

} // namespace troupe::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace troupe::cpu {

HWY_EXPORT(convert_rows);
HWY_EXPORT(quantize_fp16_rows);

void convert_rows(std::size_t rows, std::size_t size, const float* in, std::size_t in_stride,
                  const input_rows& out) {
  HWY_DYNAMIC_DISPATCH(convert_rows)(rows, size, in, in_stride, out);
}

void quantize_fp16_rows(std::size_t rows, std::size_t size, const fp16_bits* in,
                        std::size_t in_stride, const input_rows& out) {
  HWY_DYNAMIC_DISPATCH(quantize_fp16_rows)(rows, size, in, in_stride, out);
}

} // namespace troupe::cpu
#endif
