#include "actors/scheduling/search_moves.hpp"

#include <algorithm>

namespace troupe::scheduling {
namespace {

using iterator = std::vector<std::uint32_t>::iterator;

bool contains(std::span<const neighbour> sorted, std::uint32_t task) {
  const auto at = std::lower_bound(sorted.begin(), sorted.end(), task,
                                   [](const neighbour& n, std::uint32_t t) { return n.task < t; });
  return at != sorted.end() && at->task == task;
}

/// The places from the last predecessor on up to the first successor, around where the task stands.
std::pair<iterator, iterator> room_of(std::vector<std::uint32_t>& order, iterator at,
                                      const task_graph& graph) {
  const auto before = graph.predecessors(*at), after = graph.successors(*at);
  iterator first = at, last = at;
  while (first != order.begin() && !contains(before, *std::prev(first)))
    --first;
  while (std::next(last) != order.end() && !contains(after, *std::next(last)))
    ++last;
  return {first, last};
}

} // namespace

void shift_in_order(search_point& point, const task_graph& graph, std::uint32_t task,
                    random_numbers& random) {
  auto& order = point.order;
  const auto at = std::find(order.begin(), order.end(), task);
  const auto [first, last] = room_of(order, at, graph);
  const auto places = static_cast<std::size_t>(last - first) + 1;
  const auto to = first + static_cast<std::ptrdiff_t>(random.below(places));
  if (to < at)
    std::rotate(to, at, at + 1);
  else
    std::rotate(at, at + 1, to + 1);
}

void change_pool(search_point& point, std::uint32_t task, std::span<const std::uint32_t> choices,
                 random_numbers& random) {
  std::uint32_t& pool = point.pools[task];
  if (pool != any_pool && random.chance(1, 2))
    pool = any_pool;
  else
    pool = choices[random.below(choices.size())];
}

} // namespace troupe::scheduling
