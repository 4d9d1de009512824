#pragma once

#include "kernels/cpu/matmul.hpp"

#include <cstddef>
#include <span>
#include <vector>

namespace troupe::cpu {

/// Those of `candidate_rows` in which a row's result depends neither on its place nor on which of
/// them is used, in all of `products` and to the last bit; rising, never empty. oneDNN promises
/// neither: on AVX2 some sizes end in a tail that adds up in another order, and AMX leaves single
/// rows to another instruction set. Found by running one random row in every place, on as many
/// threads as the caller has set. Throws dnnl::error.
[[nodiscard]] std::vector<std::size_t>
interchangeable_rows(const dnnl::engine& engine, std::span<const matmul* const> products);

/// The size to use next when `left` rows are left: the largest while it fits, then the smallest
/// that takes the rest.
/// @param sizes rising, not empty.
[[nodiscard]] std::size_t next_rows(std::span<const std::size_t> sizes, std::size_t left);

} // namespace troupe::cpu
