#include "actors/scheduling/task_graph.hpp"

#include "actors/scheduling/defaults.hpp"
#include "actors/scheduling/errc.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <tuple>
#include <unordered_set>

namespace troupe::scheduling {
namespace {

result<void> check_tasks(const std::vector<task>& tasks) {
  if (tasks.empty())
    return fail(scheduling_errc::bad_trace, "there are no tasks; a trace needs at least one");
  if (tasks.size() > defaults::most_tasks)
    return fail(scheduling_errc::too_large, fmt::format("there are {} tasks, at most {} are taken",
                                                        tasks.size(), defaults::most_tasks));
  std::unordered_set<std::string_view> ids;
  for (const task& each : tasks) {
    if (!ids.insert(each.id).second)
      return fail(scheduling_errc::bad_trace,
                  fmt::format("two tasks have the id '{}'; give each its own", each.id));
    if (!(each.run_seconds >= defaults::least_run_seconds &&
          each.run_seconds <= defaults::most_run_seconds))
      return fail(scheduling_errc::bad_trace,
                  fmt::format("task '{}': its run time is {} s; it must be from {} to {:g}",
                              each.id, each.run_seconds, defaults::least_run_seconds,
                              defaults::most_run_seconds));
    if (each.memory_bytes.value_or(0) > defaults::most_bytes)
      return fail(scheduling_errc::bad_trace,
                  fmt::format("task '{}': its memory is {} bytes; at most {} are possible", each.id,
                              *each.memory_bytes, defaults::most_bytes));
  }
  return {};
}

result<void> check_edges(const std::vector<task>& tasks, const std::vector<edge>& edges) {
  for (const edge& each : edges) {
    if (each.from >= tasks.size() || each.to >= tasks.size())
      return fail(scheduling_errc::bad_trace,
                  fmt::format("an edge leads from task {} to task {}, but there are only {}",
                              each.from, each.to, tasks.size()));
    if (each.from == each.to)
      return fail(scheduling_errc::bad_trace,
                  fmt::format("task '{}' waits for itself; remove that edge", tasks[each.to].id));
    if (each.bytes > defaults::most_bytes)
      return fail(scheduling_errc::bad_trace,
                  fmt::format("task '{}' takes {} bytes from '{}'; at most {} are possible",
                              tasks[each.to].id, each.bytes, tasks[each.from].id,
                              defaults::most_bytes));
  }
  return {};
}

/// One cycle among the tasks that are not in `order`, as "a -> b -> a", shortened after ten.
std::string cycle_of(const task_graph& graph, std::span<const std::uint32_t> order) {
  constexpr std::size_t most_shown = 10;
  std::vector<bool> placed(graph.size());
  for (const auto each : order)
    placed[each] = true;
  std::uint32_t at = 0;
  while (placed[at])
    ++at;
  // Who is left has a predecessor that is left; going back must come to a task twice.
  std::vector<std::uint32_t> seen_at(graph.size(), graph.size()), walk;
  while (seen_at[at] == graph.size()) {
    seen_at[at] = static_cast<std::uint32_t>(walk.size());
    walk.push_back(at);
    const auto before = graph.predecessors(at);
    at = std::find_if(before.begin(), before.end(), [&](auto p) { return !placed[p.task]; })->task;
  }
  std::string text = graph.tasks()[at].id;
  for (std::size_t i = walk.size(), shown = 1; i-- > seen_at[at]; ++shown) {
    if (shown > most_shown) return text + " -> ...";
    text += " -> " + graph.tasks()[walk[i]].id;
  }
  return text;
}

} // namespace

result<task_graph> task_graph::make(std::vector<task> tasks, std::vector<edge> edges) {
  if (auto checked = check_tasks(tasks); !checked)
    return tl::unexpected(std::move(checked.error()));
  if (auto checked = check_edges(tasks, edges); !checked)
    return tl::unexpected(std::move(checked.error()));
  const auto ends = [](const edge& e) { return std::tie(e.from, e.to); };
  std::stable_sort(edges.begin(), edges.end(),
                   [&](const edge& a, const edge& b) { return ends(a) < ends(b); });
  edges.erase(std::unique(edges.begin(), edges.end(),
                          [&](const edge& a, const edge& b) { return ends(a) == ends(b); }),
              edges.end());
  task_graph graph;
  graph.tasks_ = std::move(tasks);
  graph.connect(edges);
  graph.sort_topologically();
  if (graph.order_.size() != graph.size())
    return fail(scheduling_errc::bad_trace,
                "the tasks wait for each other in a cycle: " + cycle_of(graph, graph.order_) +
                    "; remove one of these dependencies");
  return graph;
}

void task_graph::connect(const std::vector<edge>& edges) {
  first_successor_.assign(size() + 1, 0);
  first_predecessor_.assign(size() + 1, 0);
  for (const edge& each : edges) {
    ++first_successor_[each.from + 1];
    ++first_predecessor_[each.to + 1];
  }
  for (std::uint32_t i = 0; i < size(); ++i) {
    first_successor_[i + 1] += first_successor_[i];
    first_predecessor_[i + 1] += first_predecessor_[i];
  }
  successors_.resize(edges.size());
  predecessors_.resize(edges.size());
  auto next_successor = first_successor_, next_predecessor = first_predecessor_;
  for (const edge& each : edges) {
    successors_[next_successor[each.from]++] = {each.to, each.bytes};
    predecessors_[next_predecessor[each.to]++] = {each.from, each.bytes};
  }
}

void task_graph::sort_topologically() {
  std::vector<std::uint32_t> left(size());
  for (std::uint32_t i = 0; i < size(); ++i)
    if (left[i] = static_cast<std::uint32_t>(predecessors(i).size()); left[i] == 0)
      order_.push_back(i);
  for (std::size_t at = 0; at < order_.size(); ++at)
    for (const neighbour& next : successors(order_[at]))
      if (--left[next.task] == 0) order_.push_back(next.task);
}

} // namespace troupe::scheduling
