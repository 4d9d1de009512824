#pragma once

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
  v1::RunSummary summary;
};

/// Reads a run's history and applies it. Blocks on the disk.
/// @returns the store's errors; `history_unreadable`, `history_mismatch`.
[[nodiscard]] result<stored_run> read_run(workflow::store& store, const std::string& run_id);

/// The same of an archive or a backup: of a run that it has twice, the last one counts.
/// @returns `bad_backup`, `run_unknown`.
[[nodiscard]] result<stored_run> read_archived_run(const std::string& file,
                                                   const std::string& run_id);

} // namespace troupe::cli
