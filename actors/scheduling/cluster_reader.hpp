#pragma once

#include "actors/scheduling/cluster.hpp"

#include <filesystem>
#include <string_view>

namespace troupe::scheduling {

/// Reads a description of a cluster (JSON; docs/scheduling.md has its fields).
/// @param file how errors name the text.
/// @returns `bad_cluster` or `too_large` naming file, place and remedy.
[[nodiscard]] result<cluster> parse_cluster(std::string_view text, std::string_view file);

/// The same from a file; also `unreadable_file`.
[[nodiscard]] result<cluster> load_cluster(const std::filesystem::path& file);

} // namespace troupe::scheduling
