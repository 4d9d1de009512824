#pragma once

#include "actors/workflow/store.hpp"

#include <cstddef>
#include <memory>

namespace troupe::workflow {

struct memory_store_options {
  /// Closed runs that are kept to be shown; of more the one that was closed first is forgotten.
  std::size_t most_closed_runs = 1'000;
};

/// Keeps histories in memory, for runs that need not outlive their process: nothing is durable, nothing waits for a
/// disk, and an engine on it needs no thread (`engine`). It has one owner, whoever opened it, for as long as it lives.
[[nodiscard]] std::unique_ptr<store> make_memory_store(const memory_store_options& options = {});

} // namespace troupe::workflow
