#pragma once

#include "actors/workflow/store.hpp"

#include <filesystem>
#include <memory>

namespace troupe::workflow {

struct sqlite_store_options {
  /// How long a call waits for another process's lock before it gives up with `store_busy`.
  std::chrono::milliseconds busy_timeout{5'000};
  std::chrono::milliseconds lease_time{10'000};
  /// Refuses to make a new file.
  bool must_exist = false;
  /// For reading alone, also where nothing may be written; such a store has no owner, and refuses
  /// what writes with `store_unavailable`.
  bool read_only = false;
  /// Start of the lease.
  std::chrono::system_clock::time_point now = std::chrono::system_clock::now();
};

/// Opens or makes a store in one SQLite file (with `-wal` and `-shm` beside it while it is open,
/// and `-owners`, whose locked bytes tell which owners are alive). WAL, `synchronous=FULL`: what
/// `append` accepted survives a power cut as far as the disk keeps its promises. The file must be
/// on a local disk. A file of an older format is copied and upgraded (`open_store_file`).
/// @returns `store_unavailable`, `store_foreign`, `store_newer`, `store_damaged`, `store_busy`,
///   `store_full`.
[[nodiscard]] result<std::unique_ptr<store>>
open_sqlite_store(const std::filesystem::path& file, const sqlite_store_options& options = {});

} // namespace troupe::workflow
