#include "actors/workflow/yaml_mapping.hpp"

#include "actors/workflow/definition_yaml.hpp"
#include "actors/workflow/references.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fmt/format.h>
#include <map>

namespace troupe::workflow {
namespace {

constexpr double exact_integers = 9007199254740992.0; // 2^53

std::string joined(const std::string& path, const std::string& key) {
  return path.empty() ? key : path + '.' + key;
}

/// A number as YAML's core schema writes it; infinities and NaN are left texts.
std::optional<double> parse_number(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  const std::size_t first = text.starts_with('-') ? 1 : 0;
  if (first >= text.size() || (text[first] != '.' && (text[first] < '0' || text[first] > '9')))
    return std::nullopt;
  double number = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (code != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

bool looks_integral(std::string_view text) {
  return text.find_first_not_of("+-0123456789") == std::string_view::npos;
}

} // namespace

std::optional<google::protobuf::Value> literal_of(const yaml_node& node) {
  google::protobuf::Value made;
  made.set_string_value(node.text);
  if (node.quoted) return made;
  if (node.text == "true" || node.text == "false") made.set_bool_value(node.text == "true");
  if (const auto number = parse_number(node.text)) {
    if (looks_integral(node.text) && std::abs(*number) > exact_integers) return std::nullopt;
    made.set_number_value(*number);
  }
  return made;
}

void yaml_shape::report(const std::string& path, std::string message, bool at_key) {
  found_.push_back({path, std::move(message), at_key, {}});
}

bool yaml_shape::key_is_good(const yaml_node& key, const std::string& path,
                             const std::vector<std::string>& known) {
  if (key.what != yaml_node::kind::scalar) {
    report(path, fmt::format("a key must be a plain text, this one is {}; write a name",
                             to_string(key.what)));
    return false;
  }
  const std::string inside = path.empty() ? "a definition" : fmt::format("'{}'", path);
  if (known.empty() && !is_identifier(key.text)) {
    report(path,
           fmt::format("bad name '{}' in {}; use a letter or '_', then letters, digits, '_' and "
                       "'-', 64 at most",
                       key.text.substr(0, 80), inside),
           true);
    return false;
  }
  if (!known.empty() && std::find(known.begin(), known.end(), key.text) == known.end()) {
    report(path,
           fmt::format("unknown key '{}' in {}{}", key.text.substr(0, 80), inside,
                       suggestion(key.text, known)),
           true);
    return false;
  }
  return true;
}

void yaml_shape::each_entry(const yaml_node& node, const std::string& path,
                            const std::vector<std::string>& known, const entry_visitor& visit) {
  if (node.what != yaml_node::kind::mapping)
    return report(path, fmt::format("'{}' must be a mapping, not {}; write it as KEY: VALUE", path,
                                    to_string(node.what)));
  std::map<std::string, location> seen;
  std::size_t number = 0;
  for (const auto& [key, value] : node.entries) {
    // Entries that cannot be named get a place of their own, so that a mistake in the second does
    // not point at the first.
    const std::string odd = joined(path, fmt::format("#{}", ++number));
    places_.add(odd, key.where, key);
    const std::size_t before = found_.size();
    if (!key_is_good(key, path, known)) {
      for (std::size_t i = before; i < found_.size(); ++i)
        found_[i].path = odd;
      continue;
    }
    if (const auto [first, fresh] = seen.emplace(key.text, key.where); !fresh) {
      report(odd,
             fmt::format("'{}' is there twice, first in line {}; remove or rename one",
                         joined(path, key.text), first->second.line),
             true);
      continue;
    }
    const std::string inner = joined(path, key.text);
    places_.add(inner, key.where, value);
    visit(key.text, inner, value);
  }
}

void yaml_shape::each_element(const yaml_node& node, const std::string& path,
                              const element_visitor& visit) {
  if (node.what != yaml_node::kind::sequence)
    return report(path, fmt::format("'{}' must be a list, not {}; write it as [a, b]", path,
                                    to_string(node.what)));
  for (std::size_t i = 0; i < node.elements.size(); ++i) {
    const std::string inner = fmt::format("{}[{}]", path, i);
    places_.add(inner, node.elements[i].where, node.elements[i]);
    visit(inner, node.elements[i]);
  }
}

std::string yaml_shape::text(const yaml_node& node, const std::string& path) {
  if (node.what == yaml_node::kind::scalar) return node.text;
  if (node.what == yaml_node::kind::null)
    report(path, fmt::format("'{}' is empty; write a text, or leave the key out", path));
  else
    report(path, fmt::format("'{}' must be a text, not {}; put quotes around it", path,
                             to_string(node.what)));
  return {};
}

std::optional<double> yaml_shape::number(const yaml_node& node, const std::string& path) {
  if (node.what == yaml_node::kind::scalar)
    if (const auto parsed = parse_number(node.text)) return parsed;
  report(path, fmt::format("'{}' must be a number, not {}; write e.g. 2 or 1.5", path,
                           node.what == yaml_node::kind::scalar
                               ? fmt::format("'{}'", node.text.substr(0, 80))
                               : to_string(node.what)));
  return std::nullopt;
}

std::optional<std::int32_t> yaml_shape::whole_number(const yaml_node& node, const std::string& path,
                                                     std::int32_t least, std::int32_t most) {
  const auto parsed = number(node, path);
  if (!parsed) return std::nullopt;
  if (*parsed >= least && *parsed <= most && *parsed == std::floor(*parsed))
    return static_cast<std::int32_t>(*parsed);
  report(path, fmt::format("'{}' must be a whole number from {} to {}, not {}; write one of these",
                           path, least, most, node.text));
  return std::nullopt;
}

} // namespace troupe::workflow
