#pragma once

#include "kernels/cpu/internal/packed_model.hpp"
#include "kernels/cpu/onednn_product.hpp"
#include "kernels/cpu/ops.hpp"
#include "kernels/cpu/probe.hpp"
#include "kernels/cpu/profile.hpp"
#include "kernels/cpu/thread_team.hpp"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <vector>

namespace troupe::cpu {

/// Sums of `rows` rows from `row` on and one panel's outputs from `column` on, with what makes numbers of them.
inline sums_block block_of(const packed_dense& weights, const input_rows& in, std::size_t row,
                           std::size_t rows, std::size_t column, const void* sums,
                           std::size_t stride) {
  sums_block block;
  block.sums = sums;
  block.stride = stride;
  block.rows = rows;
  block.bias = weights.bias + column;
  if (weights.layout.type == element::int8) {
    block.row_scales = in.scales + row;
    block.row_zeros = in.zeros + row;
    block.column_scales = weights.scales + column;
    block.column_sums = weights.sums + column;
  }
  return block;
}

/// `multiply` by oneDNN: whole rows of sums at once, in memory of the thread that outlives the call.
template <class Finish>
void multiply_by_onednn(const onednn_product& product, const packed_dense& weights,
                        std::size_t rows, const input_rows& in, thread_team& team, stage sums_stage,
                        stage ending, const Finish& finish) {
  const std::size_t columns = weights.layout.columns();
  constexpr std::size_t most = onednn_product::rows;
  team.each((rows + most - 1) / most, [&](std::size_t part) {
    static thread_local std::vector<float> sums;
    sums.resize(std::max(sums.size(), most * columns));
    const std::size_t row = part * most, count = std::min(most, rows - row);
    std::optional<stage_timer> timer{std::in_place, sums_stage};
    product.run(in.data + row * in.stride, weights.panels, sums.data());
    timer.emplace(ending);
    for (std::size_t column = 0; column < columns; column += panel_columns)
      finish(block_of(weights, in, row, count, column, sums.data() + column, columns), row, column);
  });
}

/// Multiplies rows by weights, panel by panel: a panel is read once and stays near while all rows pass it. Each block of sums
/// goes to `finish(block, first row, first column)` while it is in the nearest cache.
/// @param in `rows` rows; those up to the next multiple of 32 are read, too.
/// @param instead oneDNN's product of these weights, or null for `kernel`. `sums_stage` and `ending` are what the time counts to.
template <class Finish>
void multiply(const panel_kernel& kernel, const onednn_product* instead,
              const packed_dense& weights, std::size_t rows, const input_rows& in,
              thread_team& team, stage sums_stage, stage ending, const Finish& finish) {
  if (instead) {
    multiply_by_onednn(*instead, weights, rows, in, team, sums_stage, ending, finish);
    return;
  }
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
        finish(block_of(weights, in, row, count, column, sums, panel_columns), row, column);
      }
    }
    if (kernel.leave) kernel.leave();
  });
}

} // namespace troupe::cpu
