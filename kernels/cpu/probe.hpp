#pragma once

#include "kernels/bert/engine.hpp"
#include "kernels/cpu/panel_kernels.hpp"

#include <cstddef>
#include <string>

namespace troupe::cpu {

/// What the CPU engine finds on this machine.
struct machine_info {
  /// Version of the oneDNN library that is loaded, "3.2.0".
  std::string onednn_version;
  /// Instruction set of the matrix products, as oneDNN calls it ("avx2", "avx512_core_amx" ...).
  /// The environment variable ONEDNN_MAX_CPU_ISA can lower it.
  std::string matmul_isa;
  /// Instruction set of the vector kernels, as Highway calls it ("AVX2", "AVX3" ...).
  std::string vector_isa;
  /// Whether bf16 products run natively (AVX512-BF16 or AMX-BF16); elsewhere bf16 is refused.
  bool bf16 = false;
  /// Whether AVX512-VNNI and AMX may be used.
  bool vnni = false, amx = false;
  /// What `precision::automatic` means here: bf16 where its products measure clearly faster than those of fp32, else fp32.
  bert::precision automatic = bert::precision::fp32;
  /// Logical processors this process may use.
  std::size_t processors = 1;
};

/// Asks the libraries; any thread. Cheap.
[[nodiscard]] machine_info probe();

/// The inner loops of products, one per type.
struct kernel_set {
  /// bf16 has none where the machine has no such products.
  panel_kernel fp32, bf16, int8;
  /// Whether attention may take bfloat16 numbers.
  bool bf16_attention = false;

  [[nodiscard]] const panel_kernel& of(element type) const {
    return type == element::fp32 ? fp32 : type == element::bf16 ? bf16 : int8;
  }
};

/// What the products of a precision multiply; `automatic` is none.
[[nodiscard]] element element_of(bert::precision used);

/// The best of this machine.
[[nodiscard]] kernel_set kernels_of(const machine_info& machine);

} // namespace troupe::cpu
