#pragma once

#include "kernels/result.hpp"

#include <cstddef>
#include <functional>

namespace troupe::cluster {

/// Calls `one` for each index below `count`, several at a time (`launch_defaults::at_once`), and waits for all.
/// @returns the failure of the lowest index that failed.
[[nodiscard]] result<void> each_at_once(std::size_t count,
                                        const std::function<result<void>(std::size_t)>& one);

} // namespace troupe::cluster
