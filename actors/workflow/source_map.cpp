#include "actors/workflow/source_map.hpp"

#include <algorithm>
#include <tuple>

namespace troupe::workflow {

source_map::source_map(std::string file, std::string_view text) : file_(std::move(file)) {
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    lines_.emplace_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
}

void source_map::add(const std::string& path, const location& key, const yaml_node& value) {
  entries_.try_emplace(path, entry{key, value.where, value.quoted});
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
  // Escapes and folded lines move the text away from where it is counted; then the value's begin
  // has to do.
  location exact = place.value;
  exact.column += static_cast<std::uint32_t>(offset + (place.quoted ? 1 : 0));
  if (exact.line == 0 || exact.line > lines_.size()) return place.value;
  const std::string& line = lines_[exact.line - 1];
  return exact.column <= line.size() && line.compare(exact.column - 1, 2, "${") == 0 ? exact
                                                                                     : place.value;
}

diagnostic source_map::locate(const finding& found) const {
  diagnostic made{file_, {1, 1}, found.path, found.message};
  if (const entry* place = enclosing(found.path))
    made.where = found.at_key ? place->key : inside(*place, found.offset);
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
