#pragma once

#include "kernels/bert/labels.hpp"

#include <cstddef>
#include <span>
#include <vector>

namespace troupe::bert {

/// The path of labels with the highest sum of scores among those in which every label stands where
/// it may: an I-X directly behind a B-X or an I-X. Labels without a B- of their own (and "O") may
/// stand anywhere. Of equal paths the one with the lower label at the last difference.
/// @param rows [n] spans of [labels] finite scores: logits do as well as log-probabilities, since a
///             constant per row changes no comparison.
/// @returns [n] labels. Takes time and memory in proportion to n times labels.
/// Source: A. J. Viterbi, "Error bounds for convolutional codes", 1967.
[[nodiscard]] std::vector<std::size_t> best_path(std::span<const std::span<const float>> rows,
                                                 const label_set& labels);

} // namespace troupe::bert
