#pragma once

#include "troupe/v1/backup.pb.h"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace troupe::workflow {

/// What a column holds. A text is UTF-8 in a SQLite file and bytes in PostgreSQL.
enum class column_kind { number, text, bytes };

struct column_of {
  const char* name;
  column_kind kind;
};

/// A table that every store has, with the columns that are the same in each: what a backup takes and a restore puts back.
struct stored_table {
  v1::BackupTable id;
  const char* name;
  std::span<const column_of> columns;
  /// How its rows are ordered, so that two backups of the same rows are the same.
  const char* order;
  /// The formats of a SQLite file and of a PostgreSQL schema that have it, from these on.
  std::int64_t sqlite_format;
  std::int64_t postgres_format;
  /// How many rows are held at once, since their size is what it is.
  std::size_t rows_at_once;
};

/// A number, or bytes.
using cell = std::variant<std::int64_t, std::string>;
using row = std::vector<cell>;

[[nodiscard]] std::int64_t number_in(const row& from, std::size_t column);
[[nodiscard]] const std::string& bytes_in(const row& from, std::size_t column);

/// Columns of the tables, by position.
namespace col {
enum run : std::size_t {
  run_number,
  run_id,
  run_workflow,
  run_workflow_version,
  run_status,
  run_started,
  run_closed,
  run_version,
  run_epoch,
  run_checksum
};
enum event : std::size_t {
  event_run,
  event_number,
  event_bytes,
  event_checksum,
  event_blob,
  event_blob_at
};
enum tag : std::size_t { tag_key, tag_value, tag_started, tag_run };
enum blob : std::size_t { blob_hash, blob_bytes };
enum cancel : std::size_t { cancel_run_id, cancel_reason, cancel_time, cancel_checksum };
enum signal : std::size_t {
  signal_number,
  signal_id,
  signal_run_id,
  signal_name,
  signal_time,
  signal_checksum,
  signal_payload
};
enum letter : std::size_t {
  letter_id,
  letter_time,
  letter_agent_type,
  letter_agent_key,
  letter_type_url,
  letter_payload,
  letter_key,
  letter_failure,
  letter_attempts,
  letter_state,
  letter_checksum
};
enum quarantine : std::size_t {
  quarantine_number,
  quarantine_run_id,
  quarantine_reason,
  quarantine_time,
  quarantine_source,
  quarantine_content,
  quarantine_blob
};
} // namespace col

/// All of them, in an order in which they can be put back: what others refer to comes first.
[[nodiscard]] std::span<const stored_table> stored_tables();
/// nullptr where this program knows no such table.
[[nodiscard]] const stored_table* find_table(v1::BackupTable id);
[[nodiscard]] const stored_table& table_of(v1::BackupTable id);

/// `a, b, c`.
[[nodiscard]] std::string column_list(const stored_table& of);

[[nodiscard]] v1::BackupRow to_wire(const stored_table& of, const row& from);
/// @returns whether the row is one of its table: as many cells, each of its column's kind.
[[nodiscard]] bool from_wire(const v1::BackupRow& from, const stored_table& of, row& into);

} // namespace troupe::workflow
