#pragma once

#include "cluster/membership/member_record.hpp"

#include <cstdint>
#include <string_view>

namespace troupe::cluster {

/// The numbers of a build.
struct release {
  std::uint32_t major = 0, minor = 0, patch = 0;

  friend auto operator<=>(const release&, const release&) = default;
};

/// Reads MAJOR.MINOR.PATCH, with anything behind a '-' or '+'.
/// @returns `membership_errc::bad_record`.
[[nodiscard]] result<release> release_of(std::string_view build);

/// Whether two builds work side by side: they have a version of the protocol in common and the same major number; while that
/// is 0 the minor ones are at most one apart, as they are during an upgrade from one release to the next.
/// @param ours of the coordinator. @returns `membership_errc::incompatible`, with both and what to do.
[[nodiscard]] result<void> check_compatible(const member_record& ours, const member_record& theirs);

} // namespace troupe::cluster
