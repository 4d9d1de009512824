#include "kernels/cpu/panel_kernels.hpp"

#include <array>
#include <cstdint>
#include <immintrin.h>
#include <sys/syscall.h>
#include <unistd.h>

// Functions of this file run only where `request_amx` agreed; the rest of the library is built for any x86-64.
#define TROUPE_AMX __attribute__((target("amx-tile,amx-bf16,amx-int8")))

namespace troupe::cpu {
namespace {

/// Eight full tiles: 16 rows of 64 bytes.
struct alignas(64) tile_configuration {
  std::uint8_t palette = 1, start_row = 0;
  std::array<std::uint8_t, 14> reserved{};
  std::array<std::uint16_t, 16> row_bytes{64, 64, 64, 64, 64, 64, 64, 64};
  std::array<std::uint8_t, 16> rows{16, 16, 16, 16, 16, 16, 16, 16};
};
static_assert(sizeof(tile_configuration) == 64);

constexpr std::size_t tile_rows = 16, tile_groups = 16, panel_row_bytes = panel_columns * 4;

TROUPE_AMX void enter_tiles() {
  static const tile_configuration configuration;
  _tile_loadconfig(&configuration);
}

TROUPE_AMX void leave_tiles() {
  _tile_release();
}

std::size_t amx_rows() {
  return 2 * tile_rows;
}

/// Asks for the weights of the next panel, which otherwise come from far away when they are wanted.
inline void fetch(const panel_task& task) {
  for (std::size_t at = 0; at < task.next_bytes; at += 64)
    _mm_prefetch(reinterpret_cast<const char*>(task.next) + at, _MM_HINT_T1);
}

// Tiles 0 to 3 are sums: rows above and below, columns left and right. 4 and 5 are inputs, 6 and 7 weights. Tile numbers
// must be literals, hence macros where a function would do.
#define TROUPE_TILE_PRODUCTS(upper, lower, inputs, dot)                                            \
  dot(upper, inputs, 6);                                                                           \
  dot(lower, inputs, 7)

#define TROUPE_AMX_KERNEL(name, dot)                                                               \
  TROUPE_AMX void name(const panel_task& task) {                                                   \
    const auto* above = task.inputs;                                                               \
    const auto* below = above + tile_rows * task.stride;                                           \
    auto* sums = static_cast<std::byte*>(task.sums);                                               \
    const bool two = task.rows > tile_rows;                                                        \
    _tile_zero(0);                                                                                 \
    _tile_zero(1);                                                                                 \
    if (two) {                                                                                     \
      _tile_zero(2);                                                                               \
      _tile_zero(3);                                                                               \
    }                                                                                              \
    for (std::size_t group = 0; group < task.groups; group += tile_groups) {                       \
      const auto* weights = task.panel + group * panel_row_bytes;                                  \
      _tile_loadd(6, weights, panel_row_bytes);                                                    \
      _tile_loadd(7, weights + 64, panel_row_bytes);                                               \
      _tile_loadd(4, above + group * 4, task.stride);                                              \
      TROUPE_TILE_PRODUCTS(0, 1, 4, dot);                                                          \
      if (two) {                                                                                   \
        _tile_loadd(5, below + group * 4, task.stride);                                            \
        TROUPE_TILE_PRODUCTS(2, 3, 5, dot);                                                        \
      }                                                                                            \
    }                                                                                              \
    fetch(task);                                                                                   \
    _tile_stored(0, sums, panel_row_bytes);                                                        \
    _tile_stored(1, sums + 64, panel_row_bytes);                                                   \
    if (two) {                                                                                     \
      _tile_stored(2, sums + tile_rows * panel_row_bytes, panel_row_bytes);                        \
      _tile_stored(3, sums + tile_rows * panel_row_bytes + 64, panel_row_bytes);                   \
    }                                                                                              \
  }

TROUPE_AMX_KERNEL(run_bf16, _tile_dpbf16ps)
TROUPE_AMX_KERNEL(run_int8, _tile_dpbusd)

} // namespace

panel_kernel amx_bf16_kernel() {
  return {element::bf16, "amx", amx_rows, run_bf16, enter_tiles, leave_tiles};
}

panel_kernel amx_int8_kernel() {
  return {element::int8, "amx", amx_rows, run_int8, enter_tiles, leave_tiles};
}

bool request_amx() {
  // asm/prctl.h of older kernels does not know the request; the number of the state is that of tile data.
  constexpr long request_permission = 0x1023, tile_data = 18;
  static const bool granted = syscall(SYS_arch_prctl, request_permission, tile_data) == 0;
  return granted;
}

} // namespace troupe::cpu
