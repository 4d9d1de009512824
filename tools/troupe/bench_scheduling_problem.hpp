#pragma once

#include "actors/scheduling/problem.hpp"

#include <cstdint>

namespace troupe::cli {

/// A workflow of `tasks` tasks in twenty layers, up to three inputs each from the layer before, twelve programs, on `nodes` unlike
/// nodes of which every third has GPU slots. The same from a seed on every machine.
[[nodiscard]] result<scheduling::problem> make_bench_problem(std::size_t tasks, std::size_t nodes,
                                                             std::uint64_t seed);

} // namespace troupe::cli
