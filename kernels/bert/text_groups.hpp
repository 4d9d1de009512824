#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace troupe::bert {

/// What becomes of texts that are the same, byte by byte. Their entities are the same either way.
enum class equal_texts {
  /// Computed once per call. Logs and tables repeat themselves.
  computed_once,
  /// Computed as often as they come: for whoever measures what computing costs.
  each_computed
};

/// Which of some texts have to be computed.
struct text_groups {
  /// In the order of their first appearance; borrowed from the caller.
  std::vector<std::string_view> texts;
  /// For each text asked for, which of `texts` it is.
  std::vector<std::size_t> group;

  /// For each text asked for, what was found for its group. The last text of a group takes it, the others copy it.
  template <class Found>
  [[nodiscard]] std::vector<Found> hand_out(std::vector<Found> found) const;
};

/// Any thread. Takes n log n comparisons, whatever the texts are.
[[nodiscard]] text_groups group_texts(std::span<const std::string_view> texts, equal_texts how);

template <class Found>
std::vector<Found> text_groups::hand_out(std::vector<Found> found) const {
  if (texts.size() == group.size()) return found;
  std::vector<std::size_t> left(texts.size());
  for (const std::size_t each : group)
    ++left[each];
  std::vector<Found> out;
  out.reserve(group.size());
  for (const std::size_t each : group) {
    if (--left[each] == 0)
      out.push_back(std::move(found[each]));
    else
      out.push_back(found[each]);
  }
  return out;
}

} // namespace troupe::bert
