#include "actors/agents/process/process_policy.hpp"

#include "actors/runtime/errc.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <set>
#include <string_view>
#include <unistd.h>

namespace troupe::agents {
namespace {

namespace fs = std::filesystem;

constexpr std::array always_allowed{"LANG", "LC_ALL", "TZ"};
constexpr std::size_t most_at_once = 1'024;
constexpr std::size_t longest_name = 128;

tl::unexpected<error> bad(std::string why) {
  return fail(runtime_errc::bad_option, "process.run: " + std::move(why));
}

std::string last_part(const std::string& path) {
  return fs::path{path}.filename().string();
}

result<void> check_program(const std::string& path) {
  std::error_code ignored;
  if (!fs::path{path}.is_absolute())
    return bad("the program '" + path + "' is no absolute path; write all of it");
  if (!fs::is_regular_file(path, ignored) || ::access(path.c_str(), X_OK) != 0)
    return bad("the program '" + path + "' is no executable file; check the path");
  return {};
}

result<void> check_secret(const std::string& reference) {
  if (reference.starts_with("env:") && is_variable_name(reference.substr(4))) return {};
  if (reference.starts_with("file:/")) return {};
  return bad("the secret '" + reference + "' is none; write env:NAME or file:/PATH");
}

} // namespace

bool is_variable_name(const std::string& name) {
  const auto letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  };
  return !name.empty() && name.size() <= longest_name && letter(name[0]) &&
         std::ranges::all_of(name, [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
}

result<void> check(const process_policy& policy) {
  std::set<std::string> names;
  for (const std::string& each : policy.programs) {
    if (auto good = check_program(each); !good) return good;
    if (!names.insert(last_part(each)).second)
      return bad("two programs are called '" + last_part(each) + "'; keep one");
  }
  for (const std::string& each : policy.environment)
    if (!is_variable_name(each))
      return bad("'" + each.substr(0, longest_name) +
                 "' is no name of a variable; use letters, digits and '_'");
  for (const std::string& each : policy.secrets)
    if (auto good = check_secret(each); !good) return good;
  if (policy.max_at_once == 0 || policy.max_at_once > most_at_once)
    return bad("max_at_once must be from 1 to " + std::to_string(most_at_once));
  if (!policy.cgroup.empty() && ::access(policy.cgroup.c_str(), W_OK) != 0)
    return bad("groups cannot be made in '" + policy.cgroup +
               "'; have that folder delegated to this user");
  return {};
}

std::string allowed_program(const process_policy& policy, const std::string& wanted) {
  const auto found = std::ranges::find_if(policy.programs, [&](const std::string& each) {
    return each == wanted || last_part(each) == wanted;
  });
  return found == policy.programs.end() ? std::string{} : *found;
}

bool allowed_variable(const process_policy& policy, const std::string& name) {
  return std::ranges::find(always_allowed, std::string_view{name}) != always_allowed.end() ||
         std::ranges::find(policy.environment, name) != policy.environment.end();
}

} // namespace troupe::agents
