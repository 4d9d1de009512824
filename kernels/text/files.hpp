#pragma once

#include "kernels/result.hpp"

#include <cstddef>
#include <filesystem>
#include <string>

namespace troupe::text {

/// The bytes of a regular file of at most `max_bytes`. @returns `unreadable_file` with the path and the reason.
[[nodiscard]] result<std::string> read_bounded(const std::filesystem::path& file,
                                               std::size_t max_bytes);

} // namespace troupe::text
