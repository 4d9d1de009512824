#include "kernels/cpu/panel_kernels.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/panel_vector.cpp"
#include <hwy/foreach_target.h>
// After foreach_target.h, which decides the instruction set.
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace troupe::cpu::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

/// Rows at once: with two vectors of sums each they fill the registers, of which AVX-512 has 32.
constexpr std::size_t block_rows = HWY_TARGET <= HWY_AVX3 ? 14 : 6;

std::size_t vector_rows() {
  return HWY_TARGET <= HWY_AVX3 ? 2 * block_rows : 4 * block_rows;
}

struct fp32_block {
  template <std::size_t Rows>
  static HWY_INLINE void run(const panel_task& task, std::size_t first) {
    const hn::CappedTag<float, 16> d;
    const std::size_t lanes = hn::Lanes(d);
    const std::size_t stride = task.stride / sizeof(float);
    const float* inputs = reinterpret_cast<const float*>(task.inputs) + first * stride;
    const float* weights = reinterpret_cast<const float*>(task.panel);
    float* out = static_cast<float*>(task.sums) + first * panel_columns;
    for (std::size_t column = 0; column < panel_columns; column += 2 * lanes) {
      hn::Vec<decltype(d)> sums[Rows][2];
      for (auto& row : sums)
        row[0] = row[1] = hn::Zero(d);
      for (std::size_t group = 0; group < task.groups; ++group) {
        const auto left = hn::Load(d, weights + group * panel_columns + column);
        const auto right = hn::Load(d, weights + group * panel_columns + column + lanes);
        HWY_UNROLL(16)
        for (std::size_t row = 0; row < Rows; ++row) {
          const auto x = hn::Set(d, inputs[row * stride + group]);
          sums[row][0] = hn::MulAdd(x, left, sums[row][0]);
          sums[row][1] = hn::MulAdd(x, right, sums[row][1]);
        }
      }
      for (std::size_t row = 0; row < Rows; ++row) {
        hn::Store(sums[row][0], d, out + row * panel_columns + column);
        hn::Store(sums[row][1], d, out + row * panel_columns + column + lanes);
      }
    }
  }
};

// Highway's emulated vectors add other products than neighbours.
#if HWY_TARGET == HWY_SCALAR || HWY_TARGET == HWY_EMU128
struct int8_block {
  template <std::size_t Rows>
  static void run(const panel_task& task, std::size_t first) {
    auto* out = static_cast<std::int32_t*>(task.sums) + first * panel_columns;
    for (std::size_t row = 0; row < Rows; ++row)
      for (std::size_t column = 0; column < panel_columns; ++column) {
        const auto* in =
            reinterpret_cast<const std::uint8_t*>(task.inputs) + (first + row) * task.stride;
        const auto* weights = reinterpret_cast<const std::int8_t*>(task.panel) + column * 4;
        std::int32_t sum = 0;
        for (std::size_t i = 0; i < task.groups * 4; ++i)
          sum += in[i] * weights[i / 4 * panel_columns * 4 + i % 4];
        out[row * panel_columns + column] = sum;
      }
  }
};
#else
/// Four products of 8 bits each, as two sums of two products of 16 bits: a column has two sums, which are added at the end.
/// Nothing overflows: |255 * 127 * 2| is far below 2^31.
struct int8_block {
  template <std::size_t Rows>
  static HWY_INLINE void run(const panel_task& task, std::size_t first) {
    static_assert(HWY_ARCH_X86, "ReorderWidenMulAccumulate adds neighbours on x86 only");
    const hn::CappedTag<std::int32_t, 16> d32;
    const hn::RepartitionToNarrow<decltype(d32)> d16;
    const hn::Rebind<std::int8_t, decltype(d16)> d8;
    const hn::Rebind<std::uint8_t, decltype(d16)> du8;
    const hn::Repartition<std::uint32_t, decltype(du8)> words;
    const std::size_t lanes = hn::Lanes(d32), columns = lanes / 2;
    const auto* weights = reinterpret_cast<const std::int8_t*>(task.panel);
    auto* out = static_cast<std::int32_t*>(task.sums) + first * panel_columns;
    for (std::size_t column = 0; column < panel_columns; column += 2 * columns) {
      hn::Vec<decltype(d32)> sums[Rows][2];
      auto unused = hn::Zero(d32);
      for (auto& row : sums)
        row[0] = row[1] = hn::Zero(d32);
      for (std::size_t group = 0; group < task.groups; ++group) {
        const auto* at = weights + (group * panel_columns + column) * 4;
        const auto left = hn::PromoteTo(d16, hn::LoadU(d8, at));
        const auto right = hn::PromoteTo(d16, hn::LoadU(d8, at + columns * 4));
        HWY_UNROLL(16)
        for (std::size_t row = 0; row < Rows; ++row) {
          std::uint32_t four;
          std::memcpy(&four, task.inputs + (first + row) * task.stride + group * 4, sizeof four);
          const auto x = hn::PromoteTo(d16, hn::BitCast(du8, hn::Set(words, four)));
          sums[row][0] = hn::ReorderWidenMulAccumulate(d32, x, left, sums[row][0], unused);
          sums[row][1] = hn::ReorderWidenMulAccumulate(d32, x, right, sums[row][1], unused);
        }
      }
      for (std::size_t row = 0; row < Rows; ++row)
        for (std::size_t half = 0; half < 2; ++half) {
          HWY_ALIGN std::int32_t pairs[16];
          hn::Store(sums[row][half], d32, pairs);
          for (std::size_t i = 0; i < columns; ++i)
            out[row * panel_columns + column + half * columns + i] =
                pairs[2 * i] + pairs[2 * i + 1];
        }
    }
  }
};
#endif

/// The rows that are left, fewer than a block.
template <class Block, std::size_t Rows>
HWY_NOINLINE void tail(const panel_task& task, std::size_t first, std::size_t rows) {
  if constexpr (Rows > 0) {
    if (rows == Rows)
      Block::template run<Rows>(task, first);
    else
      tail<Block, Rows - 1>(task, first, rows);
  }
}

template <class Block>
HWY_INLINE void run_blocks(const panel_task& task) {
  std::size_t first = 0;
  for (; first + block_rows <= task.rows; first += block_rows)
    Block::template run<block_rows>(task, first);
  tail<Block, block_rows - 1>(task, first, task.rows - first);
}

void run_vector_fp32(const panel_task& task) {
  run_blocks<fp32_block>(task);
}

void run_vector_int8(const panel_task& task) {
  run_blocks<int8_block>(task);
}

} // namespace troupe::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace troupe::cpu {
namespace {

HWY_EXPORT(vector_rows);
HWY_EXPORT(run_vector_fp32);
HWY_EXPORT(run_vector_int8);

std::size_t rows_of_vectors() {
  return HWY_DYNAMIC_DISPATCH(vector_rows)();
}

} // namespace

panel_kernel vector_fp32_kernel() {
  return {
      element::fp32,   "vectors",
      rows_of_vectors, [](const panel_task& task) { HWY_DYNAMIC_DISPATCH(run_vector_fp32)(task); },
      nullptr,         nullptr};
}

panel_kernel vector_int8_kernel() {
  return {
      element::int8,   "vectors",
      rows_of_vectors, [](const panel_task& task) { HWY_DYNAMIC_DISPATCH(run_vector_int8)(task); },
      nullptr,         nullptr};
}

} // namespace troupe::cpu
#endif
