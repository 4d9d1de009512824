#pragma once

#include "actors/workflow/sqlite.hpp"

#include <filesystem>

namespace troupe::workflow {

/// Sets the connection up (WAL, `synchronous=FULL`) and makes or checks the tables.
/// @param was_used something beside the file shows that a store was there before: an empty file is
///   then a loss.
/// @param busy_timeout how long to wait where SQLite itself does not.
/// @returns `store_foreign`, `store_newer`, `store_damaged` and what SQLite refuses.
[[nodiscard]] result<void> prepare_schema(sqlite::database& on, const std::filesystem::path& file,
                                          bool was_used, std::chrono::milliseconds busy_timeout);

} // namespace troupe::workflow
