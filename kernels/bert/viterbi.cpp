#include "kernels/bert/viterbi.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>

namespace troupe::bert {
namespace {

std::size_t best_of(const std::vector<double>& scores) {
  return static_cast<std::size_t>(std::max_element(scores.begin(), scores.end()) - scores.begin());
}

/// The best of the few labels that may stand before another.
std::size_t best_of(const std::vector<double>& scores, std::span<const std::size_t> allowed) {
  return *std::max_element(allowed.begin(), allowed.end(),
                           [&](std::size_t a, std::size_t b) { return scores[a] < scores[b]; });
}

} // namespace

std::vector<std::size_t> best_path(std::span<const std::span<const float>> rows,
                                   const label_set& labels) {
  if (rows.empty()) return {};
  const std::size_t width = labels.size();
  // Of the best path that ends in each label; where that label came from.
  std::vector<double> score(width), next(width);
  std::vector<std::uint32_t> came_from(rows.size() * width);
  for (std::size_t label = 0; label < width; ++label)
    score[label] = labels.only_after(label).empty() ? double{rows[0][label]}
                                                    : -std::numeric_limits<double>::infinity();
  for (std::size_t row = 1; row < rows.size(); ++row) {
    const std::size_t anywhere = best_of(score);
    for (std::size_t label = 0; label < width; ++label) {
      const auto allowed = labels.only_after(label);
      const std::size_t previous = allowed.empty() ? anywhere : best_of(score, allowed);
      next[label] = score[previous] + rows[row][label];
      came_from[row * width + label] = static_cast<std::uint32_t>(previous);
    }
    score.swap(next);
  }
  std::vector<std::size_t> path(rows.size());
  path.back() = best_of(score);
  for (std::size_t row = rows.size() - 1; row > 0; --row)
    path[row - 1] = came_from[row * width + path[row]];
  return path;
}

} // namespace troupe::bert
