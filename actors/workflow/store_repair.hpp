#pragma once

#include "actors/workflow/store_check.hpp"

#include <chrono>

namespace troupe::workflow {

/// What a repair did about one damage.
struct repaired {
  enum class how {
    /// Nothing is lost: the entry was made again from the history, or the history linked again.
    rebuilt,
    /// The last events are lost; the run goes on with those before them.
    cut,
    /// The run is out of the store; its rows are in the quarantine.
    set_aside,
    /// The row is out of its table and in the quarantine.
    removed,
    /// Nothing could be done.
    left,
  };
  how done = how::left;
  v1::BackupTable where = v1::BACKUP_TABLE_UNSPECIFIED;
  /// Of a run, a signal, a dead letter.
  std::string id;
  /// For a person: what is lost, and what follows.
  std::string what;
};

struct repair_report {
  /// What was found before.
  check_report found;
  std::vector<repaired> done;
};

/// Makes what is damaged usable again, in one transaction and while nobody has the store open: a history whose last events
/// are damaged ends before them, a run whose history is damaged in the middle is set aside, and so is every other row that is
/// not what was written. What is taken out is kept as it was in the table `quarantine`, and told. What is not damaged is not
/// touched. The caller has made a copy before.
/// @param histories the same store, opened for reading.
/// @returns `store_busy` where somebody has the store open; the store's failure; `interrupted`. Nothing is changed then.
[[nodiscard]] result<repair_report> repair_store(raw_store& rows, store& histories,
                                                 std::chrono::system_clock::time_point now,
                                                 const store_watch& watch);

} // namespace troupe::workflow
