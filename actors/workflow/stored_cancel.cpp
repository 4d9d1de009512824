#include "actors/workflow/stored_cancel.hpp"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>

namespace troupe::workflow {
namespace {

/// No reason begins with it.
constexpr char mark = '\x1f';

} // namespace

std::string stored_text(const cancel_request& wanted) {
  if (wanted.grace.count() == 0 && !wanted.force) return wanted.reason;
  return fmt::format("{}{}{}{}{}", mark, wanted.grace.count(), wanted.force ? " force" : "", mark,
                     wanted.reason);
}

cancel_request cancel_from_text(std::string_view run_id, std::string_view stored) {
  cancel_request made{std::string{run_id}, std::string{stored}};
  if (!stored.starts_with(mark)) return made;
  const std::string_view rest = stored.substr(1);
  const std::size_t end = rest.find(mark);
  if (end == std::string_view::npos) return made;
  const std::string_view how = rest.substr(0, end);
  std::chrono::milliseconds::rep grace = 0;
  const auto read = std::from_chars(how.data(), how.data() + how.size(), grace);
  if (read.ec != std::errc{} || grace < 0) return made;
  made.grace = std::chrono::milliseconds{grace};
  made.force = std::string_view{read.ptr, how.data() + how.size()} == " force";
  made.reason = rest.substr(end + 1);
  return made;
}

bool hasten(cancel_request& first, const cancel_request& second) {
  const bool sooner = second.grace < first.grace || (second.force && !first.force);
  first.grace = std::min(first.grace, second.grace);
  first.force = first.force || second.force;
  return sooner;
}

} // namespace troupe::workflow
