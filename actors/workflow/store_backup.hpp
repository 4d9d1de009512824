#pragma once

#include "actors/workflow/raw_store.hpp"
#include "actors/workflow/store_watch.hpp"

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace troupe::workflow {

/// What was copied, row by row.
struct copied_rows {
  /// Rows by the name of their table.
  std::map<std::string, std::uint64_t> rows;
  std::uint64_t size_bytes = 0;
  /// Rows that are not what was written: they were copied as they are. Not all are told.
  std::uint64_t damaged = 0;
  std::vector<std::string> damaged_shown;
};

/// What a backup or an archive of this store begins with, written now.
[[nodiscard]] v1::BackupHeader backup_header(const raw_store& from, v1::BackupKind kind);

/// Writes all that a store has at one moment into a file, while others are at work; the file has its name once it is whole
/// and durable. It can be restored into a store of either kind.
/// @returns the store's failure; `store_full`, `store_io` naming the file; `interrupted`. No file is left then.
[[nodiscard]] result<copied_rows> back_up(raw_store& from, const std::filesystem::path& file,
                                          const store_watch& watch);

/// What a restore does with what is there.
enum class restore_mode {
  /// Refuses a store that has anything in it.
  into_empty,
  /// Takes the place of all that is there.
  replace,
  /// Adds the runs that are not there, of a backup or an archive; what else it has is not touched.
  add,
};

struct restored_rows : copied_rows {
  /// Runs that are there already; only where runs are added.
  std::uint64_t skipped = 0;
};

/// Puts a backup or an archive into a store, all of it or nothing, after it was read to its end and found whole. What was
/// damaged in the store that was backed up is so again.
/// @returns `bad_backup`, `backup_cut_off`, `store_not_empty`; `store_busy` where somebody has the store open; `interrupted`.
[[nodiscard]] result<restored_rows> restore(raw_store& into, const std::filesystem::path& file,
                                            restore_mode mode, const store_watch& watch);

} // namespace troupe::workflow
