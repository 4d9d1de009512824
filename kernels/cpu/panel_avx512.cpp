#include "kernels/cpu/panel_kernels.hpp"

#include <cstdint>
#include <cstring>
#include <immintrin.h>

// Functions of this file run only where the machine has what they name; the rest of the library is built for any x86-64.
#define TROUPE_AVX512 __attribute__((target("avx512f,avx512bw,avx512vl,avx512vnni,avx512bf16")))

namespace troupe::cpu {
namespace {

/// Rows at once: with two vectors of sums each, two of weights and one of inputs they fill the 32 registers.
constexpr std::size_t block_rows = 14;

std::size_t avx512_rows() {
  return 2 * block_rows;
}

/// sum += inputs * weights, a group's products at once.
struct bf16_dot {
  TROUPE_AVX512 static inline __m512i add(__m512i sum, __m512i inputs, __m512i weights) {
    return _mm512_castps_si512(_mm512_dpbf16_ps(_mm512_castsi512_ps(sum),
                                                reinterpret_cast<__m512bh>(inputs),
                                                reinterpret_cast<__m512bh>(weights)));
  }
};
struct int8_dot {
  TROUPE_AVX512 static inline __m512i add(__m512i sum, __m512i inputs, __m512i weights) {
    return _mm512_dpbusd_epi32(sum, inputs, weights);
  }
};

template <class Dot, std::size_t Rows>
TROUPE_AVX512 void block(const panel_task& task, std::size_t first) {
  // Every loop over rows is unrolled, or the compiler would keep sums in memory.
  __m512i sums[Rows][2];
#pragma GCC unroll 16
  for (std::size_t row = 0; row < Rows; ++row)
    sums[row][0] = sums[row][1] = _mm512_setzero_si512();
  const auto* inputs = task.inputs + first * task.stride;
  for (std::size_t group = 0; group < task.groups; ++group) {
    const auto* weights = task.panel + group * panel_columns * 4;
    const __m512i left = _mm512_loadu_si512(weights), right = _mm512_loadu_si512(weights + 64);
#pragma GCC unroll 16
    for (std::size_t row = 0; row < Rows; ++row) {
      std::int32_t four;
      std::memcpy(&four, inputs + row * task.stride + group * 4, sizeof four);
      const __m512i x = _mm512_set1_epi32(four);
      sums[row][0] = Dot::add(sums[row][0], x, left);
      sums[row][1] = Dot::add(sums[row][1], x, right);
    }
  }
  auto* out = static_cast<std::int32_t*>(task.sums) + first * panel_columns;
#pragma GCC unroll 16
  for (std::size_t row = 0; row < Rows; ++row) {
    _mm512_store_si512(out + row * panel_columns, sums[row][0]);
    _mm512_store_si512(out + row * panel_columns + 16, sums[row][1]);
  }
}

/// The rows that are left, fewer than a block.
template <class Dot, std::size_t Rows>
void tail(const panel_task& task, std::size_t first, std::size_t rows) {
  if constexpr (Rows > 0) {
    if (rows == Rows)
      block<Dot, Rows>(task, first);
    else
      tail<Dot, Rows - 1>(task, first, rows);
  }
}

template <class Dot>
void run(const panel_task& task) {
  std::size_t first = 0;
  for (; first + block_rows <= task.rows; first += block_rows)
    block<Dot, block_rows>(task, first);
  tail<Dot, block_rows - 1>(task, first, task.rows - first);
}

} // namespace

panel_kernel avx512_bf16_kernel() {
  return {element::bf16, "avx512_bf16", avx512_rows, run<bf16_dot>, nullptr, nullptr};
}

panel_kernel avx512_int8_kernel() {
  return {element::int8, "avx512_vnni", avx512_rows, run<int8_dot>, nullptr, nullptr};
}

} // namespace troupe::cpu
