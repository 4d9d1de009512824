#pragma once

#include "actors/workflow/raw_store.hpp"
#include "actors/workflow/store.hpp"
#include "actors/workflow/store_watch.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace troupe::workflow {

/// Something in a store that is not what was written.
struct damage {
  /// Of a file as a whole: `BACKUP_TABLE_UNSPECIFIED`.
  v1::BackupTable where = v1::BACKUP_TABLE_UNSPECIFIED;
  /// Which row: the id of a run, a signal, a dead letter; a blob's SHA-256. Bounded, for people.
  std::string id;
  /// Of a run, or of events: its number in the store.
  std::int64_t run = 0;
  std::string what;
};

struct check_report {
  std::uint64_t runs = 0, events = 0, blobs = 0, cancel_requests = 0, signal_requests = 0,
                dead_letters = 0, quarantined = 0;
  std::vector<damage> damages;
  /// Runs that are as they were written, and that this program cannot apply for want of a message type.
  std::vector<damage> unreadable;

  [[nodiscard]] bool is_good() const { return damages.empty(); }
};

/// Looks at every row of a store: checksums, numbers without gaps, that every history can be applied and fits its run's
/// entry, that payloads, signals, wishes and dead letters can be read, and what the database itself says. Others may be at
/// work meanwhile.
/// @param rows with a transaction begun.
/// @param histories the same store, opened for reading.
/// @returns the store's failure where it cannot be read at all; `interrupted`.
[[nodiscard]] result<check_report> check_store(raw_store& rows, store& histories,
                                               const store_watch& watch);

/// "runs", "events", ... ; "file" for `BACKUP_TABLE_UNSPECIFIED`.
[[nodiscard]] std::string name_of(v1::BackupTable table);

} // namespace troupe::workflow
