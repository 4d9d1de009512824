#include "cluster/launch/internal/yaml_writer.hpp"

#include <algorithm>
#include <array>

namespace troupe::cluster {
namespace {

using json = nlohmann::ordered_json;

/// Whether YAML reads it back as the same text without quotes, for sure.
bool is_plain(const std::string& text) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  const auto fits = [&](char c) {
    return letter(c) || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.' || c == '/';
  };
  static constexpr std::array<const char*, 8> others{"true", "false", "null", "yes",
                                                     "no",   "on",    "off",  "y"};
  return !text.empty() && (letter(text.front()) || text.front() == '/') &&
         std::all_of(text.begin(), text.end(), fits) &&
         std::none_of(others.begin(), others.end(), [&](const char* other) {
           return std::equal(text.begin(), text.end(), other, other + std::string{other}.size(),
                             [](char a, char b) { return (a | 0x20) == b; });
         });
}

std::string key_text(const std::string& key) {
  return is_plain(key) ? key : json(key).dump();
}

bool is_text_block(const json& value) {
  return value.is_string() && value.get_ref<const std::string&>().find('\n') != std::string::npos &&
         value.get_ref<const std::string&>().ends_with('\n');
}

void put_value(const json& value, std::size_t depth, std::string& out);

/// The lines of a text as they are, each behind the depth.
void put_block(const std::string& text, std::size_t depth, std::string& out) {
  out += " |\n";
  for (std::size_t at = 0; at < text.size();) {
    const auto end = text.find('\n', at);
    out += std::string(end == at ? 0 : depth, ' ') + text.substr(at, end - at) + "\n";
    at = end + 1;
  }
}

void put_entries(const json& of, std::size_t depth, bool first_is_placed, std::string& out) {
  for (const auto& [key, value] : of.items()) {
    out += std::string(first_is_placed ? 0 : depth, ' ') + key_text(key) + ":";
    first_is_placed = false;
    if (is_text_block(value))
      put_block(value.get_ref<const std::string&>(), depth + 2, out);
    else
      put_value(value, depth + 2, out);
  }
}

/// What stands behind a key.
void put_value(const json& value, std::size_t depth, std::string& out) {
  if (value.is_object() && !value.empty()) {
    out += '\n';
    return put_entries(value, depth, false, out);
  }
  if (!value.is_array() || value.empty()) {
    const bool plain = value.is_string() && is_plain(value.get_ref<const std::string&>());
    out += " " + (plain ? value.get<std::string>() : value.dump()) + "\n";
    return;
  }
  out += '\n';
  for (const auto& each : value) {
    out += std::string(depth - 2, ' ') + "-";
    if (each.is_object() && !each.empty()) {
      out += ' ';
      put_entries(each, depth, true, out);
    } else {
      put_value(each, depth, out);
    }
  }
}

} // namespace

std::string to_yaml_document(const json& document) {
  std::string out;
  put_entries(document, 0, false, out);
  return out;
}

} // namespace troupe::cluster
