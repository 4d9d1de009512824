#pragma once

#include "actors/workflow/store_watch.hpp"
#include "kernels/result.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace troupe::workflow {

/// What a file was made again from.
struct rebuilt_file {
  /// Rows that were read, by table, as `runs: 12`.
  std::vector<std::string> copied;
  /// Places in the file that could not be read.
  std::uint64_t unreadable = 0;
};

/// Copies a store file beside it, as it is, also where it is damaged: `FILE.before-repair`, never over an earlier one.
/// @returns the name of the copy.
[[nodiscard]] result<std::filesystem::path> copy_sqlite_file(const std::filesystem::path& file);

/// Makes a store file again out of every row of it that can be read, where SQLite finds its pages or indexes damaged; rows
/// are copied as they are. The new file takes the place of the old one at once or not at all. Nobody has it open meanwhile.
/// @returns `store_busy`; `store_damaged` where not even its header can be read; `interrupted`.
[[nodiscard]] result<rebuilt_file> rebuild_sqlite_file(const std::filesystem::path& file,
                                                       const store_watch& watch);

} // namespace troupe::workflow
