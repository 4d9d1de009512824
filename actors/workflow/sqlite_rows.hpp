#pragma once

#include "actors/workflow/checksum.hpp"
#include "actors/workflow/sqlite.hpp"
#include "actors/workflow/sqlite_schema.hpp"
#include "actors/workflow/store.hpp"
#include "actors/workflow/stored_rows.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace troupe::workflow {

/// A run's row: its entry, its number, and the id of its last event.
struct run_row {
  std::int64_t number = 0;
  run_entry entry;
  std::int64_t last_event = 0;
};

/// Columns of a run, in the order that `read_row` reads them; older formats lack some.
[[nodiscard]] std::string run_columns(store_format format);
/// The row that a query of `run_columns` stands at.
/// @returns nothing where its checksum does not fit.
[[nodiscard]] std::optional<run_row> read_row(const sqlite::statement& from, checksummer& sums);

[[nodiscard]] std::span<const unsigned char> bytes_of(std::string_view text);

/// Every statement that a store repeats, prepared once.
struct statements {
  sqlite::statement find_run, read_event, read_blob;
  /// Only where the store is written.
  sqlite::statement insert_run, insert_tag, advance_run, update_run, insert_event, insert_blob,
      claim_run, release_run, find_owner, renew_owner, add_owner, remove_owner, add_cancel,
      drop_cancels, read_cancels, add_signal, place_signal, remove_signal, drop_signals,
      read_signals;

  [[nodiscard]] result<void> prepare_reading(sqlite::database& on, store_format format);
  [[nodiscard]] result<void> prepare_writing(sqlite::database& on);
};

} // namespace troupe::workflow
