#pragma once

#include "actors/runtime/dead_letters.hpp"

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <memory>

namespace troupe::workflow {

struct sqlite_dead_letter_options {
  /// How many are kept.
  std::size_t most = runtime::defaults::kept_dead_letters;
  /// How long a call waits for another process's lock.
  std::chrono::milliseconds busy_timeout{5'000};
};

/// Dead letters in the store file of runs, with the runs or alone. Nothing is opened before the first call, and each
/// call opens the file anew: letters are rare, and so the file is free for others in between. What `append` accepted
/// survives a power cut.
/// Errors: those of `open_sqlite_store`; `store_damaged` for a letter that is not as it was written. Reading a file that
/// is not there is `store_unavailable`.
[[nodiscard]] std::shared_ptr<dead_letter_store>
sqlite_dead_letters(std::filesystem::path file, sqlite_dead_letter_options options = {});

} // namespace troupe::workflow
