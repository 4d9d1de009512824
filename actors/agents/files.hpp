#pragma once

#include "actors/runtime/failure.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

/// What files.list, files.read and files.write do, without actors. Every function blocks on the disk, keeps no state and
/// may be called from any thread. Failures name the path, the system's reason and a remedy:
///   files.bad_request, files.bad_name, files.not_found, files.not_a_folder, files.not_a_file, files.permission_denied,
///   files.too_large, files.too_many, files.binary, files.outside_folder; retryable: files.disk_full, files.io_error.
namespace troupe::agents {

struct listed_file {
  std::string path;
  /// Relative to the listed folder, with forward slashes.
  std::string name;
  std::uint64_t size_bytes = 0;
};

struct list_options {
  /// Shell patterns (fnmatch) on the last part of a name; empty means *.txt and *.md. A leading dot must be matched by a dot.
  std::vector<std::string> patterns;
  bool recursive = false;
};

/// @returns the regular files below `folder` that match, in byte order of `name`; symbolic links are neither listed nor
///   entered. More than `defaults::max_listed_files` are refused.
[[nodiscard]] reply<std::vector<listed_file>> list_files(const std::filesystem::path& folder,
                                                         const list_options& options);

struct text_file {
  /// Valid UTF-8; a byte order mark stays, so that offsets count from the start of the file.
  std::string text;
  std::uint64_t size_bytes = 0;
  /// Malformed UTF-8 sequences, each replaced by U+FFFD.
  std::uint32_t replaced_sequences = 0;
};

/// @param max_size_bytes larger files are refused, also when they grow while they are read; 0 means
///   `defaults::max_file_size_bytes`.
/// @returns the text; a file with a NUL byte is refused as "files.binary" (it is no text, or UTF-16).
[[nodiscard]] reply<text_file> read_text_file(const std::filesystem::path& path,
                                              std::uint64_t max_size_bytes);

/// Writes `folder`/`name` whole or not at all: a file without a name, fsync, rename, fsync of the folder. Missing
/// folders are made. A file that already holds `text` is left as it is. A crash just before the rename leaves a
/// `.troupe-*.tmp` file behind, which the next attempt at the same file clears.
/// @param name relative; "files.outside_folder" where it has "..", is absolute, or passes through a symbolic link.
/// @returns the path of the file.
[[nodiscard]] reply<std::filesystem::path> write_file(const std::filesystem::path& folder,
                                                      std::string_view name, std::string_view text);

} // namespace troupe::agents
