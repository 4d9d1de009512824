#pragma once

#include "actors/workflow/sqlite.hpp"
#include "actors/workflow/sqlite_schema.hpp"

#include <chrono>
#include <filesystem>

namespace troupe::workflow {

struct store_file_options {
  /// Refuses to make a new file.
  bool must_exist = false;
  /// Reads only, also where nothing may be written; an older format is read as it is.
  bool read_only = false;
  /// How long a call waits for another process's lock before it gives up with `store_busy`.
  std::chrono::milliseconds busy_timeout{5'000};
};

/// A connection to a file that is a store.
struct store_file {
  sqlite::database database;
  /// `newest_format`, or an older one where it is only read.
  store_format format = newest_format;
};

/// The file beside a store whose locked bytes tell which owners are alive (`owner_locks`).
[[nodiscard]] std::filesystem::path owners_file(const std::filesystem::path& store);

/// Opens or makes a store file: WAL, `synchronous=FULL`, its format checked. The door for everybody
/// who keeps tables in it.
///
/// An older format is upgraded in one transaction, after a copy of the file was made beside it
/// (`FILE.format-1`, never overwritten) and while no other process has it open.
/// @returns `store_unavailable` (no file, a folder, may not be written, no write-ahead log there),
///   `store_foreign`, `store_newer`, `store_damaged`, `store_busy`, `store_full`, `store_io`.
[[nodiscard]] result<store_file> open_store_file(const std::filesystem::path& file,
                                                 const store_file_options& options);

} // namespace troupe::workflow
