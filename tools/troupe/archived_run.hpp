#pragma once

#include "tools/troupe/stored_run.hpp"

#include <string>

namespace troupe::cli {

/// `read_run` of an archive or a backup: of a run that it has twice, the last one counts. Blocks on the disk.
/// @returns `bad_backup`, `run_unknown`.
[[nodiscard]] result<stored_run> read_archived_run(const std::string& file,
                                                   const std::string& run_id);

} // namespace troupe::cli
