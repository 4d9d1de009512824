#include "cluster/launch/internal/yaml_fields.hpp"

#include "actors/workflow/durations.hpp"
#include "cluster/launch/errc.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace troupe::cluster {
namespace {

constexpr std::size_t most_shown = 80;

std::string inside(const std::string& path) {
  return path.empty() ? "this file" : "'" + path + "'";
}

std::string below(const std::string& path, const std::string& key) {
  return path.empty() ? key : path + '.' + key;
}

/// What a value is, for messages.
std::string shown(const yaml_node& node) {
  return node.what == yaml_node::kind::scalar ? "'" + node.text.substr(0, most_shown) + "'"
                                              : workflow::to_string(node.what);
}

} // namespace

void yaml_fields::report(const yaml_node& at, std::string message) {
  found_.push_back({file_, at.where, {}, std::move(message)});
}

bool yaml_fields::is(const yaml_node& node, yaml_node::kind what, const std::string& path,
                     std::string_view example) {
  if (node.what == what) return true;
  report(node, fmt::format("{} must be {}, not {}; write it as {}", inside(path),
                           workflow::to_string(what), shown(node), example));
  return false;
}

void yaml_fields::entries(
    const yaml_node& node, const std::string& path,
    const std::function<void(const yaml_node&, const yaml_node&, const std::string&)>& take) {
  if (!is(node, yaml_node::kind::mapping, path, "KEY: VALUE")) return;
  std::map<std::string, workflow::location> seen;
  for (const auto& [key, value] : node.entries) {
    if (key.what != yaml_node::kind::scalar) {
      report(key, "a key must be a plain text, not " + shown(key) + "; write a name");
      continue;
    }
    if (const auto [first, fresh] = seen.emplace(key.text, key.where); !fresh) {
      report(key, fmt::format("'{}' is there twice, first in line {}; remove one",
                              below(path, key.text), first->second.line));
      continue;
    }
    take(key, value, below(path, key.text));
  }
}

void yaml_fields::mapping(const yaml_node& node, const std::string& path,
                          const std::vector<field>& fields) {
  std::vector<std::string> known, found;
  for (const auto& each : fields)
    known.push_back(each.key);
  entries(node, path, [&](const yaml_node& key, const yaml_node& value, const std::string& at) {
    const auto named = std::find(known.begin(), known.end(), key.text);
    if (named == known.end())
      return report(key, fmt::format("unknown key '{}' in {}{}", key.text.substr(0, most_shown),
                                     inside(path), workflow::suggestion(key.text, known)));
    found.push_back(key.text);
    fields[static_cast<std::size_t>(named - known.begin())].take(value, at);
  });
  if (node.what != yaml_node::kind::mapping) return;
  for (const auto& each : fields)
    if (each.required && std::find(found.begin(), found.end(), each.key) == found.end())
      report(node, fmt::format("'{}' is missing in {}; add it", each.key, inside(path)));
}

void yaml_fields::elements(const yaml_node& node, const std::string& path, const taker& take) {
  if (!is(node, yaml_node::kind::sequence, path, "[a, b]")) return;
  for (std::size_t i = 0; i < node.elements.size(); ++i)
    take(node.elements[i], fmt::format("{}[{}]", path, i));
}

std::string yaml_fields::text(const yaml_node& node, const std::string& path) {
  if (!is(node, yaml_node::kind::scalar, path, "a text, in quotes if need be")) return {};
  const bool plain = std::none_of(node.text.begin(), node.text.end(),
                                  [](unsigned char c) { return c < ' ' || c == 0x7F; });
  if (!plain || node.text.empty())
    report(node, fmt::format("'{}' {}; write one line of text", path,
                             plain ? "is empty" : "has control characters"));
  return plain ? node.text : std::string{};
}

std::vector<std::string> yaml_fields::texts(const yaml_node& node, const std::string& path) {
  std::vector<std::string> all;
  elements(node, path, [&](const yaml_node& each, const std::string& at) {
    if (auto one = text(each, at); !one.empty()) all.push_back(std::move(one));
  });
  return all;
}

bool yaml_fields::flag(const yaml_node& node, const std::string& path) {
  return word(node, path, {"false", "true"}) == "true";
}

double yaml_fields::number(const yaml_node& node, const std::string& path, double least,
                           double most) {
  const auto& given = node.text;
  double read = 0;
  const auto [end, code] = std::from_chars(given.data(), given.data() + given.size(), read);
  if (node.what == yaml_node::kind::scalar && code == std::errc{} &&
      end == given.data() + given.size() && read >= least && read <= most)
    return read;
  report(node, fmt::format("'{}' must be a number from {} to {}, not {}; write one of these", path,
                           least, most, shown(node)));
  return least;
}

int yaml_fields::whole(const yaml_node& node, const std::string& path, int least, int most) {
  int read = 0;
  const auto& given = node.text;
  const auto [end, code] = std::from_chars(given.data(), given.data() + given.size(), read);
  if (node.what == yaml_node::kind::scalar && code == std::errc{} &&
      end == given.data() + given.size() && read >= least && read <= most)
    return read;
  report(node, fmt::format("'{}' must be a whole number from {} to {}, not {}; write one of these",
                           path, least, most, shown(node)));
  return least;
}

std::chrono::milliseconds yaml_fields::duration(const yaml_node& node, const std::string& path) {
  const auto given = text(node, path);
  if (given.empty()) return {};
  const auto read = workflow::parse_duration(given);
  if (!accept(node, path, read)) return {};
  return std::chrono::ceil<std::chrono::milliseconds>(*read);
}

std::string yaml_fields::word(const yaml_node& node, const std::string& path,
                              const std::vector<std::string>& words) {
  if (node.what == yaml_node::kind::scalar &&
      std::find(words.begin(), words.end(), node.text) != words.end())
    return node.text;
  report(node, fmt::format("'{}' cannot be {}{}", path, shown(node),
                           node.what == yaml_node::kind::scalar
                               ? workflow::suggestion(node.text, words)
                               : fmt::format("; write {}", fmt::join(words, " or "))));
  return words.front();
}

std::filesystem::path yaml_fields::file(const yaml_node& node, const std::string& path,
                                        const std::filesystem::path& base) {
  const auto given = text(node, path);
  return given.empty() ? std::filesystem::path{} : (base / given).lexically_normal();
}

result<void> yaml_fields::outcome() const {
  if (found_.empty()) return {};
  return fail(launch_errc::bad_file, workflow::to_string(found_));
}

result<yaml_node> parse_document(std::string_view text, const std::string& file,
                                 std::string_view kind) {
  auto root = workflow::parse_yaml(text, file, kind);
  if (!root) return fail(launch_errc::bad_file, root.error().to_string());
  return std::move(*root);
}

std::string yaml_text(std::string_view text) {
  // What JSON puts into quotes, YAML reads as the same.
  return nlohmann::json(text).dump();
}

} // namespace troupe::cluster
