#pragma once

#include "kernels/result.hpp"

#include <cstddef>
#include <filesystem>
#include <string>

namespace troupe::bert {

/// The bytes of the regular file `path`, which must not be longer than `limit` bytes.
/// @returns `unreadable_file` when it is missing, not a file, too long or fails to read.
[[nodiscard]] result<std::string> read_small_file(const std::filesystem::path& path,
                                                  std::size_t limit);

} // namespace troupe::bert
