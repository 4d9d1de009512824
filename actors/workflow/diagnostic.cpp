#include "actors/workflow/diagnostic.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <numeric>

namespace troupe::workflow {
namespace {

/// Optimal string alignment distance: insertions, deletions, replacements and swaps of neighbours.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1);
  std::vector<std::size_t> last(b.size() + 1);
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(last.begin(), last.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, replaced});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        row[j] = std::min(row[j], before[j - 2] + 1);
    }
    before.swap(last);
    last.swap(row);
  }
  return last.back();
}

constexpr std::size_t longest_compared = 128;
constexpr std::size_t most_listed = 10;

} // namespace

std::string diagnostic::to_string() const {
  if (!file.empty() && where.line != 0)
    return fmt::format("{}:{}:{}: error: {}", file, where.line, where.column, message);
  const std::string& place = file.empty() ? path : file;
  return place.empty() ? fmt::format("error: {}", message)
                       : fmt::format("{}: error: {}", place, message);
}

std::string to_string(const diagnostics& mistakes) {
  std::string text;
  for (const diagnostic& mistake : mistakes) {
    if (!text.empty()) text += '\n';
    text += mistake.to_string();
  }
  return text;
}

std::string nearest(std::string_view word, std::span<const std::string> candidates) {
  if (word.size() > longest_compared) return {};
  std::size_t best_distance = std::max<std::size_t>(1, word.size() / 3) + 1;
  const std::string* best = nullptr;
  for (const std::string& candidate : candidates) {
    if (candidate.size() > longest_compared) continue;
    const std::size_t distance = edit_distance(word, candidate);
    if (distance >= best_distance) continue;
    best_distance = distance;
    best = &candidate;
  }
  return best ? *best : std::string{};
}

std::string suggestion(std::string_view word, std::span<const std::string> candidates) {
  if (const std::string guess = nearest(word, candidates); !guess.empty())
    return fmt::format("; did you mean '{}'?", guess);
  if (candidates.empty()) return {};
  const auto shown = candidates.first(std::min(candidates.size(), most_listed));
  return fmt::format("; known are: {}{}", fmt::join(shown, ", "),
                     candidates.size() > most_listed ? ", ..." : "");
}

} // namespace troupe::workflow
