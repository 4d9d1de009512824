#pragma once

#include "kernels/result.hpp"
#include "troupe/v1/history.pb.h"

#include <filesystem>
#include <vector>

namespace troupe::cli {

/// Reads the history of one run from what `troupe show RUN --history --json` prints. Of at most 1 GiB.
/// @returns `cli_errc::bad_file` naming the place of the first mistake.
[[nodiscard]] result<std::vector<v1::Event>> read_history_file(const std::filesystem::path& path);

} // namespace troupe::cli
