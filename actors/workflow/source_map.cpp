#include "actors/workflow/source_map.hpp"

#include <algorithm>
#include <optional>
#include <tuple>

namespace troupe::workflow {
namespace {

bool is_space(char c) {
  return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

/// Where the content of a scalar begins: after its quote, or after the line of a block's `|` or `>`.
std::size_t content_of(std::string_view source) {
  if (source[0] == '"' || source[0] == '\'') return 1;
  if (source[0] == '|' || source[0] == '>') return std::min(source.find('\n'), source.size());
  return 0;
}

/// Finds byte `offset` of a scalar's text in the source that it was read from: lines may be folded, quotes doubled or
/// escaped with a backslash. @returns nothing where the source is written in another way.
std::optional<std::size_t> find_in_scalar(std::string_view source, std::string_view text,
                                          std::size_t offset) {
  const char quote = source[0];
  std::size_t at = content_of(source);
  std::size_t read = 0;
  const auto skip_space = [&] {
    while (at < source.size() && is_space(source[at]))
      ++at;
  };
  if (source[0] == '|' || source[0] == '>') skip_space();
  while (read < offset) {
    if (read >= text.size() || at >= source.size()) return std::nullopt;
    if (quote == '"' && source[at] == '\\' && is_space(text[read])) {
      at += 2; // \n or \t
      ++read;
      continue;
    }
    if (is_space(text[read])) {
      if (!is_space(source[at])) return std::nullopt;
      while (read < offset && read < text.size() && is_space(text[read]))
        ++read;
      // A space in the text may be a line break and an indent here; of as many spaces, one is like the other.
      if (read == text.size() || !is_space(text[read])) skip_space();
      continue;
    }
    const bool escaped =
        (quote == '\'' && source.substr(at, 2) == "''") || (quote == '"' && source[at] == '\\');
    at += escaped ? 1 : 0;
    if (at >= source.size() || source[at] != text[read]) return std::nullopt;
    ++at;
    ++read;
  }
  return at;
}

} // namespace

source_map::source_map(std::string file, std::string_view text)
    : file_(std::move(file)), text_(text) {
  lines_.push_back(0);
  for (std::size_t at = text_.find('\n'); at != std::string::npos; at = text_.find('\n', at + 1))
    lines_.push_back(at + 1);
}

void source_map::add(const std::string& path, const location& key, const yaml_node& value) {
  // The parser says of a value that is not there where the next thing begins.
  const bool gone = value.what == yaml_node::kind::null && value.where.line != key.line;
  entries_.try_emplace(path, entry{key, gone ? key : value.where, value.text});
}

const source_map::entry* source_map::enclosing(std::string path) const {
  for (;;) {
    if (const auto found = entries_.find(path); found != entries_.end()) return &found->second;
    const std::size_t cut = path.find_last_of(".[");
    if (cut == std::string::npos) return nullptr;
    path.resize(cut);
  }
}

location source_map::inside(const entry& place, std::size_t offset) const {
  if (place.value.line == 0 || place.value.line > lines_.size()) return place.value;
  const std::size_t begin = lines_[place.value.line - 1] + place.value.column - 1;
  const auto found = begin < text_.size()
                         ? find_in_scalar(std::string_view{text_}.substr(begin), place.text, offset)
                         : std::nullopt;
  if (!found) return place.value;
  const auto line = std::upper_bound(lines_.begin(), lines_.end(), begin + *found) - 1;
  return {static_cast<std::uint32_t>(line - lines_.begin() + 1),
          static_cast<std::uint32_t>(begin + *found - *line + 1)};
}

diagnostic source_map::locate(const finding& found) const {
  diagnostic made{file_, {1, 1}, found.path, found.message};
  if (const entry* place = enclosing(found.path))
    made.where = found.at_key   ? place->key
                 : found.offset ? inside(*place, *found.offset)
                                : place->value;
  return made;
}

diagnostics to_diagnostics(const findings& found, const source_map* places) {
  diagnostics made;
  for (const finding& each : found)
    made.push_back(places ? places->locate(each) : diagnostic{{}, {}, each.path, each.message});
  std::stable_sort(made.begin(), made.end(), [](const diagnostic& a, const diagnostic& b) {
    return std::tie(a.where.line, a.where.column, a.path) <
           std::tie(b.where.line, b.where.column, b.path);
  });
  return made;
}

} // namespace troupe::workflow
