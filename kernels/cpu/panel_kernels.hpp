#pragma once

#include "kernels/cpu/panels.hpp"

#include <cstddef>
#include <string_view>

/// The inner loops of the products: some rows of inputs times one panel of weights. One per instruction set and type; they
/// neither allocate nor check. A sum adds up its inputs in an order that depends on nothing but the kernel, so a row's
/// result never depends on the rows beside it.
namespace troupe::cpu {

/// What a kernel works on.
struct panel_task {
  /// At most the kernel's `rows()`.
  std::size_t rows = 0;
  std::size_t groups = 0;
  /// Rows `stride` bytes apart, of which a kernel reads `groups` * 4 bytes; rows up to the next multiple of 32 are read too.
  const std::byte* inputs = nullptr;
  std::size_t stride = 0;
  /// [groups, 32, 4 bytes]
  const std::byte* panel = nullptr;
  /// [rows up to the next multiple of 16, 32] float32 or int32, on a cache line; rows behind the last are unspecified.
  void* sums = nullptr;
  /// Weights that are wanted next, to be brought near meanwhile; may be nothing.
  const std::byte* next = nullptr;
  std::size_t next_bytes = 0;
};

/// One inner loop.
struct panel_kernel {
  element type = element::fp32;
  /// For logs, e.g. "amx".
  std::string_view name;
  /// The most rows of one call, for which it is fastest.
  std::size_t (*rows)() = nullptr;
  void (*run)(const panel_task&) = nullptr;
  /// Called on a thread before it runs the kernel, and afterwards: AMX has a configuration. Null where there is none.
  void (*enter)() = nullptr;
  void (*leave)() = nullptr;
};

/// Float32 in the widest vectors of the machine; everywhere.
[[nodiscard]] panel_kernel vector_fp32_kernel();
/// int8 by 16-bit products in the widest vectors of the machine; everywhere, exact.
[[nodiscard]] panel_kernel vector_int8_kernel();
/// Dot products of AVX512-BF16 and AVX512-VNNI. Only where the machine has them.
[[nodiscard]] panel_kernel avx512_bf16_kernel();
[[nodiscard]] panel_kernel avx512_int8_kernel();
/// Tiles. Only where the machine has AMX and the operating system lets this process use it.
[[nodiscard]] panel_kernel amx_bf16_kernel();
[[nodiscard]] panel_kernel amx_int8_kernel();

/// Asks the operating system for AMX's registers; once per process, cheap afterwards. Any thread.
[[nodiscard]] bool request_amx();

} // namespace troupe::cpu
