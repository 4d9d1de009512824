#include "tools/troupe/top_view.hpp"

#include "tools/troupe/terminal_text.hpp"
#include "tools/troupe/top_parts.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <tuple>

namespace troupe::cli {

namespace {

constexpr std::array<std::string_view, top_orders> order_names{"age", "waiting", "priority",
                                                               "workflow", "status"};
/// Of a list that shares a screen with the runs: its head, and so many rows.
constexpr std::size_t most_rows_of_a_part = 5;
/// Rows of runs that are there before any other list gets its rows.
constexpr std::size_t least_runs = 4;

using part = std::vector<styled_line>;

/// So many lines, the last one saying what is not shown.
void shorten(part& of, std::size_t most) {
  if (of.size() <= most) return;
  if (most < 2) return of.clear();
  const std::size_t hidden = of.size() - most + 1;
  of.resize(most - 1);
  of.push_back({fmt::format("  and {} more", hidden), line_style::faint});
}

void append(part& into, part more) {
  if (more.empty()) return;
  if (!into.empty()) into.push_back({});
  std::ranges::move(more, std::back_inserter(into));
}

/// What the lists may take together of a screen on which the runs have their place.
void share_out(part& nodes, part& tenants, part& keys, part& failures, std::size_t room) {
  for (part* each : {&nodes, &failures, &tenants, &keys}) {
    shorten(*each, std::min(room > 0 ? room - 1 : 0, most_rows_of_a_part + 1));
    if (!each->empty()) room -= each->size() + 1;
  }
}

} // namespace

std::string_view name_of(top_order by) {
  return order_names[static_cast<std::size_t>(by)];
}

std::string short_span(std::chrono::nanoseconds time) {
  using namespace std::chrono;
  const auto ms = duration_cast<milliseconds>(std::max(time, nanoseconds{})).count();
  if (ms < 1'000) return fmt::format("{}ms", ms);
  const auto s = ms / 1'000;
  if (s < 60) return fmt::format("{}s", s);
  if (s < 3'600) return fmt::format("{}m{:02}s", s / 60, s % 60);
  if (s < 86'400) return fmt::format("{}h{:02}m", s / 3'600, s / 60 % 60);
  return fmt::format("{}d{:02}h", s / 86'400, s / 3'600 % 24);
}

void sort_runs(std::vector<top_run>& runs, top_order by) {
  const auto common = [](const top_run& of) { return std::tie(of.entry.started, of.entry.run_id); };
  const auto sort = [&](const auto& key) {
    std::ranges::sort(runs, [&](const top_run& a, const top_run& b) {
      const auto one = key(a), other = key(b);
      return one != other ? one < other : common(a) < common(b);
    });
  };
  using moment = std::chrono::system_clock::time_point;
  switch (by) {
  case top_order::age:
    return sort([](const top_run&) { return 0; });
  case top_order::waiting:
    return sort([](const top_run& of) {
      return std::pair{of.wait ? !of.wait->alarm : 2, of.wait ? of.wait->since : moment::max()};
    });
  case top_order::priority:
    return sort([](const top_run& of) { return std::pair{!of.looked_at, -of.priority}; });
  case top_order::workflow:
    return sort([](const top_run& of) { return of.entry.workflow; });
  case top_order::status:
    return sort([](const top_run& of) { return -of.entry.status; });
  }
}

std::vector<styled_line> top_lines(const top_state& of, const top_layout& how) {
  part made = summary_part(of);
  part nodes = node_part(of), tenants = tenant_part(of), keys = key_part(of),
       failures = failure_part(of), runs = run_part(of);
  if (how.height > 0) {
    const std::size_t kept = made.size() + std::min(runs.size(), least_runs) + 1 + 1;
    share_out(nodes, tenants, keys, failures, how.height > kept ? how.height - kept : 0);
  }
  append(made, std::move(nodes));
  append(made, std::move(tenants));
  append(made, std::move(keys));
  if (how.height > 0) {
    const std::size_t below = (failures.empty() ? 0 : failures.size() + 1) + 1;
    const std::size_t above = made.size() + 1;
    shorten(runs, how.height > above + below ? how.height - above - below : 0);
  }
  append(made, std::move(runs));
  append(made, std::move(failures));
  if (how.height > 0) {
    made.resize(std::min(made.size(), how.height - 1));
    made.resize(how.height - 1);
    made.push_back({how.footer, line_style::faint});
  }
  if (how.width > 0)
    for (styled_line& each : made)
      each.text = cut(each.text, how.width);
  return made;
}

} // namespace troupe::cli
