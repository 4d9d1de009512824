#include "cluster/launch/internal/tail.hpp"

#include "cluster/launch/defaults.hpp"

#include <vector>

namespace troupe::cluster {

std::string indented_tail(std::string_view log) {
  std::vector<std::string_view> lines;
  while (!log.empty() && lines.size() < launch_defaults::last_log_lines) {
    if (log.back() == '\n') log.remove_suffix(1);
    const auto begin = log.rfind('\n');
    const auto line = begin == std::string_view::npos ? log : log.substr(begin + 1);
    lines.push_back(line);
    log = begin == std::string_view::npos ? std::string_view{} : log.substr(0, begin + 1);
  }
  std::string made;
  for (auto line = lines.rbegin(); line != lines.rend(); ++line)
    made += "\n  " + std::string{*line};
  return made;
}

} // namespace troupe::cluster
