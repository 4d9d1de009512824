#include "kernels/cpu/probe.hpp"

#include "kernels/cpu/internal/aligned_buffer.hpp"
#include "kernels/cpu/ops.hpp"

#include <algorithm>
#include <chrono>
#include <oneapi/dnnl/dnnl.hpp>
#include <sched.h>
#include <thread>
#include <utility>

namespace troupe::cpu {
namespace {

std::string isa_name(dnnl::cpu_isa isa) {
  static constexpr std::pair<dnnl::cpu_isa, const char*> names[] = {
      {dnnl::cpu_isa::sse41, "sse41"},
      {dnnl::cpu_isa::avx, "avx"},
      {dnnl::cpu_isa::avx2, "avx2"},
      {dnnl::cpu_isa::avx2_vnni, "avx2_vnni"},
      {dnnl::cpu_isa::avx2_vnni_2, "avx2_vnni_2"},
      {dnnl::cpu_isa::avx512_core, "avx512_core"},
      {dnnl::cpu_isa::avx512_core_vnni, "avx512_core_vnni"},
      {dnnl::cpu_isa::avx512_core_bf16, "avx512_core_bf16"},
      {dnnl::cpu_isa::avx512_core_fp16, "avx512_core_fp16"},
      {dnnl::cpu_isa::avx512_core_amx, "avx512_core_amx"},
      {dnnl::cpu_isa::avx512_core_amx_fp16, "avx512_core_amx_fp16"},
  };
  for (const auto& [value, name] : names)
    if (value == isa) return name;
  return "isa " + std::to_string(static_cast<unsigned>(isa));
}

/// oneDNN's instruction sets are sets of bits: a richer one contains the bits of what it includes.
bool includes(dnnl::cpu_isa have, dnnl::cpu_isa wanted) {
  const auto bits = static_cast<unsigned>(wanted);
  return (static_cast<unsigned>(have) & bits) == bits;
}

std::size_t usable_processors() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) == 0)
    return static_cast<std::size_t>(std::max(1, CPU_COUNT(&set)));
  return std::max(1U, std::thread::hardware_concurrency());
}

/// The shortest time that a kernel took for a block of a common size.
double best_seconds(const panel_kernel& kernel) {
  constexpr std::size_t inputs = 384, rows = 32;
  constexpr int tries = 7, calls = 20;
  const panel_layout layout{kernel.type, inputs, panel_columns};
  aligned_buffer<std::byte> in{rows * layout.row_bytes()}, panel{layout.bytes()};
  aligned_buffer<float> sums{rows * panel_columns};
  const panel_task task{kernel.rows(), layout.groups(), in.data(), layout.row_bytes(),
                        panel.data(),  sums.data(),     nullptr,   0};
  double best = 1e9;
  if (kernel.enter) kernel.enter();
  for (int i = 0; i < tries; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    for (int call = 0; call < calls; ++call)
      kernel.run(task);
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - begin;
    best = std::min(best, taken.count() / static_cast<double>(task.rows));
  }
  if (kernel.leave) kernel.leave();
  return best;
}

/// Some processors compute bf16 products at twice the rate of float32, some at half of it. Measured once per process; a
/// processor that is near the border has nothing to lose.
bool bf16_is_faster(const kernel_set& kernels) {
  static const bool faster = best_seconds(kernels.bf16) * 1.2 < best_seconds(kernels.fp32);
  return faster;
}

} // namespace

machine_info probe() {
  machine_info found;
  const auto* version = dnnl_version();
  found.onednn_version = std::to_string(version->major) + "." + std::to_string(version->minor) +
                         "." + std::to_string(version->patch);
  const auto isa = dnnl::get_effective_cpu_isa();
  found.matmul_isa = isa_name(isa);
  found.vector_isa = simd_target();
  found.bf16 = includes(isa, dnnl::cpu_isa::avx512_core_bf16);
  found.vnni = includes(isa, dnnl::cpu_isa::avx512_core_vnni);
  found.amx = includes(isa, dnnl::cpu_isa::avx512_core_amx) && request_amx();
  found.automatic = found.bf16 && bf16_is_faster(kernels_of(found)) ? bert::precision::bf16
                                                                    : bert::precision::fp32;
  found.processors = usable_processors();
  return found;
}

element element_of(bert::precision used) {
  if (used == bert::precision::int8) return element::int8;
  return used == bert::precision::bf16 ? element::bf16 : element::fp32;
}

kernel_set kernels_of(const machine_info& machine) {
  kernel_set made{vector_fp32_kernel(), {}, vector_int8_kernel(), false};
  if (machine.vnni) made.int8 = avx512_int8_kernel();
  if (machine.bf16) made.bf16 = avx512_bf16_kernel();
  made.bf16_attention = machine.bf16;
  if (machine.amx) {
    made.int8 = amx_int8_kernel();
    made.bf16 = amx_bf16_kernel();
  }
  return made;
}

} // namespace troupe::cpu
