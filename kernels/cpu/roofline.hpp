#pragma once

#include "kernels/cpu/panels.hpp"

#include <cstddef>

/// What this machine can do at best, for benches.
namespace troupe::cpu {

/// Operations per second (a multiplication and an addition are two) of oneDNN's bare product of that shape on one thread, on
/// weights that it packed as it likes best: the median of several runs, by the thread's CPU time. 0 where oneDNN has no such
/// product. Blocks for some hundredths of a second.
[[nodiscard]] double onednn_product_rate(element type, std::size_t rows, std::size_t inputs,
                                         std::size_t outputs);

/// Bytes per second that one thread reads and writes together when it copies within its second-level cache.
[[nodiscard]] double copy_rate();

} // namespace troupe::cpu
