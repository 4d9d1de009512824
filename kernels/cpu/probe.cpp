#include "kernels/cpu/probe.hpp"

#include "kernels/cpu/ops.hpp"

#include <algorithm>
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
  // AVX512-BF16 without AMX has the products of bf16 but not their speed: converting costs what they save.
  found.automatic = found.amx ? bert::precision::bf16 : bert::precision::fp32;
  found.processors = usable_processors();
  return found;
}

kernel_set kernels_of(const machine_info& machine) {
  kernel_set made{vector_fp32_kernel(), {}, vector_int8_kernel()};
  if (machine.vnni) made.int8 = avx512_int8_kernel();
  if (machine.bf16) made.bf16 = avx512_bf16_kernel();
  if (machine.amx) {
    made.int8 = amx_int8_kernel();
    made.bf16 = amx_bf16_kernel();
  }
  return made;
}

} // namespace troupe::cpu
