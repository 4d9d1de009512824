#pragma once

#include "actors/workflow/sqlite.hpp"

#include <cstdint>
#include <span>

namespace troupe::workflow {

/// Format of a store file, in SQLite's `user_version`; 0 is a file without tables.
using store_format = std::int64_t;

/// The format that this program writes. It opens every one from 1 to this.
inline constexpr store_format newest_format = 7;

/// What a file's header and its catalogue say about it.
struct file_kind {
  /// SQLite's `application_id`.
  std::int64_t application = 0;
  store_format format = 0;
  /// Tables, indexes and so on.
  std::int64_t objects = 0;

  [[nodiscard]] bool is_empty() const { return application == 0 && objects == 0; }
  [[nodiscard]] bool is_store() const;
};

/// Reads the kind in one snapshot, since another process may be making the tables right now.
[[nodiscard]] result<file_kind> kind_of(sqlite::database& on);

/// Makes the tables of `newest_format` out of those of `from`, 0 meaning none: every step of the
/// list of formats after `from`, then the marks. Belongs into a transaction: a crash leaves the old
/// format or the new one.
[[nodiscard]] result<void> migrate(sqlite::database& on, store_format from);

/// Whether the tables that `format` must have are there.
[[nodiscard]] result<bool> has_tables(sqlite::database& on, store_format format);

} // namespace troupe::workflow
