#pragma once

#include "actors/workflow/raw_store.hpp"
#include "actors/workflow/store_watch.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace troupe::workflow {

struct prune_options {
  /// Only runs that were closed before.
  std::chrono::system_clock::time_point closed_before{};
  /// Only of these statuses; empty: all of closed runs.
  std::vector<std::int32_t> statuses{};
  /// So many of the runs that were closed last stay, whatever their age.
  std::uint64_t keep = 0;
  /// Where the runs go; made, or added to. None: they are gone.
  std::optional<std::filesystem::path> archive{};
  /// Only says what it would do.
  bool dry_run = false;
  /// Runs of one transaction, and of one batch of the archive.
  std::size_t runs_at_once = 100;
};

struct pruned_runs {
  std::uint64_t runs = 0;
  std::uint64_t events = 0;
  /// Payloads that no event refers to any more.
  std::uint64_t payloads = 0;
  /// Runs that stay since the run that started them is open, and looks at them when it is taken over.
  std::uint64_t kept_for_parents = 0;
  /// Runs that stay since they are damaged.
  std::vector<std::string> damaged;
};

/// Takes closed runs out of a store, the one that was closed first first, while others are at work: a batch in a transaction,
/// once it is in the archive and that is durable. Whoever is killed meanwhile leaves every run whole in the store, or whole
/// in the archive, or in both.
/// @returns the store's failure, or that of the archive's file; `interrupted`: the batches that are done stay done.
[[nodiscard]] result<pruned_runs> prune_store(raw_store& from, const prune_options& options,
                                              const store_watch& watch);

} // namespace troupe::workflow
