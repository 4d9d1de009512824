#pragma once

#include "kernels/cpu/internal/packed_model.hpp"
#include "kernels/cpu/ops.hpp"
#include "kernels/cpu/probe.hpp"
#include "kernels/cpu/profile.hpp"
#include "kernels/cpu/thread_team.hpp"

#include <algorithm>
#include <cstddef>
#include <optional>

namespace troupe::cpu {

/// Multiplies rows by weights, panel by panel: a panel is read once and stays near while all rows pass it. Each block of sums
/// goes to `finish(block, first row, first column)` while it is in the nearest cache.
/// @param in `rows` rows; those up to the next multiple of 32 are read, too.
/// `sums_stage` and `ending` are what the time counts to.
template <class Finish>
void multiply(const panel_kernel& kernel, const packed_dense& weights, std::size_t rows,
              const input_rows& in, thread_team& team, stage sums_stage, stage ending,
              const Finish& finish) {
  const panel_layout& layout = weights.layout;
  const std::size_t panels = layout.panels(), most = kernel.rows();
  // Panels of one thread lie together, so that a thread can say what it wants next.
  team.share(panels, [&](std::size_t first, std::size_t last) {
    alignas(64) float sums[32 * panel_columns];
    if (kernel.enter) kernel.enter();
    for (std::size_t panel = first; panel < last; ++panel) {
      const std::size_t column = panel * panel_columns;
      const std::byte* next = weights.panels + (panel + 1) * layout.panel_bytes();
      std::size_t fetched = 0;
      for (std::size_t row = 0; row < rows; row += most) {
        const std::size_t count = std::min(most, rows - row);
        // The next panel comes in equal parts over the blocks of this one.
        const std::size_t until =
            panel + 1 < last ? round_up(layout.panel_bytes() * (row + count) / rows, 64) : 0;
        std::optional<stage_timer> timer{std::in_place, sums_stage};
        kernel.run({count, layout.groups(), in.data + row * in.stride, in.stride,
                    weights.panels + panel * layout.panel_bytes(), sums, next + fetched,
                    until - std::min(until, fetched)});
        fetched = until;
        timer.emplace(ending);
        sums_block block;
        block.sums = sums;
        block.rows = count;
        block.bias = weights.bias + column;
        if (layout.type == element::int8) {
          block.row_scales = in.scales + row;
          block.row_zeros = in.zeros + row;
          block.column_scales = weights.scales + column;
          block.column_sums = weights.sums + column;
        }
        finish(block, row, column);
      }
    }
    if (kernel.leave) kernel.leave();
  });
}

} // namespace troupe::cpu
