#pragma once

#include "kernels/bert/labels.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace troupe::bert {

/// Finds the path of labels with the highest sum of scores among those in which every label stands where
/// it may: an I-X directly behind a B-X or an I-X. Labels without a B- of their own (and "O") may
/// stand anywhere. Of equal paths the one with the lower label at the last difference.
/// Rows come one by one, and labels are given out as soon as no row to come can change them, which is where the best
/// paths to every label meet: a few rows back, in texts.
/// Source: A. J. Viterbi, "Error bounds for convolutional codes", 1967.
class path_finder {
public:
  explicit path_finder(const label_set& labels);

  /// @param row [labels] finite scores: logits do as well as log-probabilities, since a constant per
  ///            row changes no comparison.
  void push(std::span<const float> row);
  /// The labels of the next rows, as far as they are certain; of all rows where none follows.
  [[nodiscard]] std::vector<std::size_t> take(bool none_follows);

private:
  [[nodiscard]] std::size_t rows() const { return came_from_.size() / labels_->size(); }
  [[nodiscard]] std::vector<std::size_t> trace(std::size_t last_row, std::size_t label);

  const label_set* labels_;
  /// Of the best path that ends in each label.
  std::vector<double> score_, next_;
  /// [rows not taken yet, labels] where each label came from.
  std::vector<std::uint32_t> came_from_;
  bool begun_ = false;
};

/// The same for rows that are all there. @param rows [n] spans of [labels] scores. @returns [n] labels.
[[nodiscard]] std::vector<std::size_t> best_path(std::span<const std::span<const float>> rows,
                                                 const label_set& labels);

} // namespace troupe::bert
