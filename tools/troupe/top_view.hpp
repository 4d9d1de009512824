#pragma once

#include "tools/troupe/screen.hpp"
#include "tools/troupe/top_state.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

/// How what `troupe top` shows looks to people. Pure: nothing is read or written here.
namespace troupe::cli {

struct top_layout {
  /// 0: as much as there is.
  std::size_t width = 0, height = 0;
  top_order order = top_order::age;
  /// On the last line of a screen: `every 2 s`, keys.
  std::string footer;
};

/// `12s`, `3m05s`, `2h10m`, `4d02h`; `250ms` below a second.
[[nodiscard]] std::string short_span(std::chrono::nanoseconds time);
[[nodiscard]] std::string_view name_of(top_order by);

/// All texts are printable, whatever the store holds. With a height the lists are cut so that all fits, the runs last.
[[nodiscard]] std::vector<styled_line> top_lines(const top_state& of, const top_layout& how);

} // namespace troupe::cli
