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

path_finder::path_finder(const label_set& labels)
    : labels_(&labels), score_(labels.size()), next_(labels.size()) {}

void path_finder::push(std::span<const float> row) {
  const std::size_t anywhere = begun_ ? best_of(score_) : 0;
  for (std::size_t label = 0; label < labels_->size(); ++label) {
    const auto allowed = labels_->only_after(label);
    if (!begun_) {
      next_[label] =
          allowed.empty() ? double{row[label]} : -std::numeric_limits<double>::infinity();
      came_from_.push_back(0);
      continue;
    }
    const std::size_t previous = allowed.empty() ? anywhere : best_of(score_, allowed);
    next_[label] = score_[previous] + row[label];
    came_from_.push_back(static_cast<std::uint32_t>(previous));
  }
  score_.swap(next_);
  begun_ = true;
}

std::vector<std::size_t> path_finder::take(bool none_follows) {
  if (rows() == 0) return {};
  if (none_follows) return trace(rows() - 1, best_of(score_));
  // The labels through which the best paths go, row by row back to the one where they meet.
  std::vector<std::size_t> through;
  for (std::size_t label = 0; label < score_.size(); ++label)
    if (score_[label] > -std::numeric_limits<double>::infinity()) through.push_back(label);
  std::size_t row = rows() - 1;
  for (; through.size() > 1 && row > 0; --row) {
    for (std::size_t& label : through)
      label = came_from_[row * score_.size() + label];
    std::sort(through.begin(), through.end());
    through.erase(std::unique(through.begin(), through.end()), through.end());
  }
  return through.size() == 1 ? trace(row, through.front()) : std::vector<std::size_t>{};
}

/// The path to `label` of row `last_row`; forgets these rows.
std::vector<std::size_t> path_finder::trace(std::size_t last_row, std::size_t label) {
  std::vector<std::size_t> path(last_row + 1);
  path.back() = label;
  for (std::size_t row = last_row; row > 0; --row)
    path[row - 1] = came_from_[row * score_.size() + path[row]];
  came_from_.erase(came_from_.begin(),
                   came_from_.begin() + static_cast<std::ptrdiff_t>(path.size() * score_.size()));
  return path;
}

std::vector<std::size_t> best_path(std::span<const std::span<const float>> rows,
                                   const label_set& labels) {
  path_finder path{labels};
  for (const auto row : rows)
    path.push(row);
  return path.take(true);
}

} // namespace troupe::bert
