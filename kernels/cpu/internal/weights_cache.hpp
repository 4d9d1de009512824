#pragma once

#include "kernels/bert/weights.hpp"
#include "kernels/cpu/internal/packed_model.hpp"

#include <filesystem>
#include <optional>
#include <vector>

namespace troupe::cpu {

/// Files of packed weights, one per model and types, which all processes of a user map read-only: they share one copy in
/// memory, and only the first of them packs. A file says of which model, shapes and types it is and has a checksum over all
/// of it; what is not exactly right, belongs to another user or can be written by others counts as missing. New files
/// replace old ones by renaming. The folder keeps a few files; the ones longest unused go first.
class weights_cache {
public:
  /// @param folder made when it is missing, for this user alone; empty for no cache at all.
  explicit weights_cache(std::filesystem::path folder) : folder_{std::move(folder)} {}

  /// The model from its file; else packed now, and from a new file where one can be written. Throws std::bad_alloc. @returns
  /// the reader's errors.
  [[nodiscard]] result<packed_model> load(bert::weight_reader& weights,
                                          const std::vector<layer_types>& types) const;

private:
  std::filesystem::path folder_;
};

} // namespace troupe::cpu
