#pragma once

#include "tests/support/files.hpp"

#include <cstdlib>
#include <filesystem>

namespace troupe::fuzz {

/// A folder for parsers that take a folder of files; in memory where the system has /dev/shm, since each input is written.
/// Lives as long as the program.
inline const std::filesystem::path& scratch_folder() {
  static const test::temporary_folder folder = [] {
    if (std::filesystem::is_directory("/dev/shm")) ::setenv("TMPDIR", "/dev/shm", 1);
    return test::temporary_folder{};
  }();
  return folder.path();
}

} // namespace troupe::fuzz
