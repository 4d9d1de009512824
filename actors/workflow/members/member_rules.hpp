#pragma once

#include "actors/workflow/members/member_table.hpp"

#include <algorithm>
#include <cstdint>

namespace troupe::workflow {

/// What every table says alike.

/// Of a change that is made now, after the one with the number `last`. It is the time of day where that is more: so a store
/// that was restored from an old backup gives no number twice.
[[nodiscard]] inline std::uint64_t next_member_version(std::uint64_t last,
                                                       member_table::clock::time_point now) {
  using std::chrono::milliseconds;
  const auto ms = std::chrono::duration_cast<milliseconds>(now.time_since_epoch()).count();
  return std::max(last + 1, static_cast<std::uint64_t>(std::max<std::int64_t>(ms, 1)));
}

/// Which rows are asked for. @param forgotten the greatest version of a row that was dropped.
struct member_question {
  std::uint64_t since = 0;
  bool complete = false;

  member_question(std::uint64_t asked, std::uint64_t version, std::uint64_t forgotten)
      : since(asked), complete(asked == 0 || asked < forgotten || asked > version) {
    if (complete) since = 0;
  }
};

[[nodiscard]] error too_many_members(std::size_t most);

} // namespace troupe::workflow
