#include "actors/workflow/run_tag_check.hpp"

#include "actors/workflow/errors.hpp"
#include "kernels/text/utf8.hpp"

#include <algorithm>
#include <cctype>
#include <fmt/format.h>
#include <string_view>

namespace troupe::workflow {
namespace {

bool is_tag_key(std::string_view key) {
  const auto fits = [](unsigned char c) {
    return std::isalnum(c) || c == '.' || c == '_' || c == '-' || c == '/';
  };
  return !key.empty() && key.size() <= tag_bounds::key_bytes && std::ranges::all_of(key, fits);
}

bool is_tag_value(std::string_view value) {
  const auto is_control = [](unsigned char c) { return c < 0x20 || c == 0x7f; };
  return value.size() <= tag_bounds::value_bytes && text::is_valid_utf8(value) &&
         std::ranges::none_of(value, is_control);
}

} // namespace

result<void> check_tags(const run_tags& tags) {
  if (tags.size() > tag_bounds::tags)
    return fail(
        workflow_errc::bad_input,
        fmt::format("{} tags, at most {} are kept; leave some out", tags.size(), tag_bounds::tags));
  for (const auto& [key, value] : tags) {
    if (!is_tag_key(key))
      return fail(workflow_errc::bad_input,
                  fmt::format("'{}' is no key of a tag; use 1 to {} of letters, digits, '.', '_', "
                              "'-', '/'",
                              key.substr(0, tag_bounds::key_bytes), tag_bounds::key_bytes));
    if (!is_tag_value(value))
      return fail(workflow_errc::bad_input,
                  fmt::format("the value of tag '{}' is no UTF-8 text of at most {} bytes without "
                              "control characters",
                              key, tag_bounds::value_bytes));
  }
  return {};
}

result<void> add_tag(const std::string& assignment, run_tags& into) {
  const auto equals = assignment.find('=');
  if (equals == std::string::npos)
    return fail(workflow_errc::bad_input, fmt::format("'{}' is no tag; write KEY=VALUE",
                                                      assignment.substr(0, tag_bounds::key_bytes)));
  const std::string key = assignment.substr(0, equals), value = assignment.substr(equals + 1);
  const auto [there, is_new] = into.emplace(key, value);
  if (!is_new && there->second != value)
    return fail(workflow_errc::bad_input, fmt::format("tag '{}' is given two values", key));
  return check_tags(into);
}

} // namespace troupe::workflow
