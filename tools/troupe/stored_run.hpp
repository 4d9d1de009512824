#pragma once

#include "actors/workflow/machine.hpp"
#include "actors/workflow/store.hpp"
#include "kernels/result.hpp"
#include "troupe/v1/history.pb.h"
#include "troupe/v1/run.pb.h"

#include <string>
#include <vector>

namespace troupe::cli {

/// A run as its store has it, read without running it.
struct stored_run {
  std::vector<v1::Event> history;
  /// The same, checked.
  std::vector<workflow::event> events;
  v1::RunSummary summary;
};

/// The events of a run, not applied. Blocks on the disk.
/// @returns the store's errors; `history_unreadable`.
[[nodiscard]] result<std::vector<v1::Event>> read_history(workflow::store& store,
                                                          const std::string& run_id);

/// The state that a run's history gives. Blocks on the disk.
/// @returns as `read_run`.
[[nodiscard]] result<workflow::machine> replay_run(workflow::store& store,
                                                   const std::string& run_id);

/// A run of the encoded events of its history.
/// @returns `history_unreadable`, `history_mismatch`.
[[nodiscard]] result<stored_run> to_run(const std::string& run_id,
                                        const std::vector<std::string>& bytes);

/// Reads a run's history and applies it. Blocks on the disk.
/// @returns the store's errors; `history_unreadable`, `history_mismatch`.
[[nodiscard]] result<stored_run> read_run(workflow::store& store, const std::string& run_id);

} // namespace troupe::cli
