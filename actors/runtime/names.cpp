#include "actors/runtime/names.hpp"

#include "actors/runtime/agent.hpp"
#include "actors/runtime/errc.hpp"

#include <algorithm>
#include <cstdio>

namespace troupe {
namespace {

constexpr bool is_name_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '_' || c == '-';
}

// The name may come from anywhere, so the message repeats only a bounded part of it.
std::string quoted(std::string_view text) {
  constexpr std::size_t shown = 64;
  std::string quoted{'\''};
  quoted.append(text.substr(0, shown)).append(text.size() > shown ? "...'" : "'");
  return quoted;
}

} // namespace

namespace runtime {

bool is_name_part(std::string_view text) {
  return !text.empty() && text.size() <= longest_name_part &&
         std::all_of(text.begin(), text.end(), is_name_char);
}

} // namespace runtime

result<agent_name> agent_name::parse(std::string_view text) {
  const auto slash = text.find('/');
  agent_name name{std::string{text.substr(0, slash)}};
  if (slash != std::string_view::npos) name.key = text.substr(slash + 1);
  if (!runtime::is_name_part(name.type) || !runtime::is_name_part(name.key))
    return fail(runtime_errc::bad_agent_name,
                quoted(text) + " is not type or type/key of 1 to 128 letters, digits, '.', '_', "
                               "'-' each");
  return name;
}

std::string message_id::to_string() const {
  if (number_ == 0) return text_;
  char text[40];
  std::snprintf(text, sizeof text, "%016llx-%llu", static_cast<unsigned long long>(system_),
                static_cast<unsigned long long>(number_));
  return text;
}

} // namespace troupe
