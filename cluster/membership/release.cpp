#include "cluster/membership/release.hpp"

#include "cluster/membership/defaults.hpp"
#include "cluster/membership/errc.hpp"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>

namespace troupe::cluster {
namespace {

/// Takes a number of at most six digits off the front.
bool take_number(std::string_view& from, std::uint32_t& into) {
  const auto length = std::min(from.find_first_not_of("0123456789"), from.size());
  if (length == 0 || length > 6) return false;
  std::from_chars(from.data(), from.data() + length, into);
  from.remove_prefix(length);
  return true;
}

bool take_point(std::string_view& from) {
  if (!from.starts_with('.')) return false;
  from.remove_prefix(1);
  return true;
}

bool is_near(const release& ours, const release& theirs) {
  if (ours.major != theirs.major) return false;
  const auto [least, most] = std::minmax(ours.minor, theirs.minor);
  return ours.major > 0 || most - least <= 1;
}

} // namespace

result<release> release_of(std::string_view build) {
  std::string_view rest = build;
  release made;
  const bool numbers = build.size() <= membership_defaults::longest_build &&
                       take_number(rest, made.major) && take_point(rest) &&
                       take_number(rest, made.minor) && take_point(rest) &&
                       take_number(rest, made.patch);
  const auto is_plain = [](char c) { return c > ' ' && c < '\x7f'; };
  if (numbers && (rest.empty() || rest.front() == '-' || rest.front() == '+') &&
      std::ranges::all_of(rest, is_plain))
    return made;
  return fail(membership_errc::bad_record, "build is no version MAJOR.MINOR.PATCH");
}

result<void> check_compatible(const member_record& ours, const member_record& theirs) {
  const auto our_release = release_of(ours.build), their_release = release_of(theirs.build);
  if (!our_release) return tl::unexpected(our_release.error());
  if (!their_release) return tl::unexpected(their_release.error());
  if (std::max(ours.protocol.oldest, theirs.protocol.oldest) >
      std::min(ours.protocol.newest, theirs.protocol.newest))
    return fail(membership_errc::incompatible,
                fmt::format("node {} speaks versions {} to {} of the protocol, this coordinator {} "
                            "to {}; bring both to one release",
                            theirs.node, theirs.protocol.oldest, theirs.protocol.newest,
                            ours.protocol.oldest, ours.protocol.newest));
  if (!is_near(*our_release, *their_release))
    return fail(
        membership_errc::incompatible,
        fmt::format("node {} runs troupe {}, this coordinator {}; upgrade one release after "
                    "the other",
                    theirs.node, theirs.build, ours.build));
  return {};
}

} // namespace troupe::cluster
