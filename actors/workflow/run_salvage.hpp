#pragma once

#include "actors/workflow/raw_store.hpp"
#include "actors/workflow/row_check.hpp"

#include <optional>
#include <string>
#include <vector>

namespace troupe::workflow {

/// All rows of a run that has some damage, and what can be made of them.
struct run_salvage {
  std::int64_t number = 0;
  /// As far as it can be told.
  std::string run_id;
  /// Absent where there is none.
  std::optional<row> entry;
  bool entry_is_good = false;
  /// By number, then as they lie.
  std::vector<row> events;

  /// Of the first events, those that are what was written, as many as follow one another from number 1 and can be applied;
  /// none beyond what the entry says, where that is good.
  std::vector<row> kept;
  std::vector<row> lost;
  /// A good event lies behind a damaged one: the history is not a shorter one, it has a hole.
  bool has_hole = false;
  /// The entry that fits `kept`; absent where this program cannot apply them.
  std::optional<run_entry> rebuilt;
  /// What this program cannot read, which is no damage.
  bool unreadable = false;
  /// Why no more is kept, for people.
  std::string why;
};

/// Reads the rows of a run and judges them; changes nothing. Searches for events by run (`prepare_search_of_events`).
[[nodiscard]] result<run_salvage> look_at_run(raw_store& in, std::int64_t number);

} // namespace troupe::workflow
