#include "cluster/launch/internal/stop_nodes.hpp"

#include "cluster/launch/internal/at_once.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <thread>

namespace troupe::cluster {
namespace {

using steady = std::chrono::steady_clock;

bool at_work(const node_look& seen) {
  return seen.phase == node_phase::starting || seen.phase == node_phase::ready;
}

/// Waits until all have ended. @returns those that have not after `patience`.
result<std::vector<node_entry>> await_end(node_provider& provider, std::vector<node_entry> nodes,
                                          std::chrono::milliseconds patience,
                                          const launch_watcher& watching) {
  const auto end = steady::now() + patience;
  for (;;) {
    const auto seen = provider.look(nodes);
    if (!seen) return tl::unexpected(seen.error());
    std::vector<node_entry> left;
    for (std::size_t i = 0; i < nodes.size(); ++i)
      if (at_work((*seen)[i]))
        left.push_back(nodes[i]);
      else if (watching.say)
        watching.say(nodes[i].name + ": stopped");
    nodes = std::move(left);
    if (nodes.empty() || steady::now() >= end) return nodes;
    if (watching.stop_asked && watching.stop_asked())
      return fail(launch_errc::interrupted, "some nodes still end");
    std::this_thread::sleep_for(provider.look_interval());
  }
}

std::vector<std::string> names_of_nodes(const std::vector<node_entry>& nodes) {
  std::vector<std::string> names;
  for (const auto& each : nodes)
    names.push_back(each.name);
  return names;
}

result<void> tell(node_provider& provider, const std::vector<node_entry>& nodes, stop_how how) {
  return each_at_once(nodes.size(), [&](std::size_t i) { return provider.stop(nodes[i], how); });
}

} // namespace

result<std::vector<std::string>> stop_nodes(node_provider& provider,
                                            const std::vector<node_entry>& nodes,
                                            std::chrono::milliseconds patience,
                                            const launch_watcher& watching) {
  const auto before = provider.look(nodes);
  if (!before) return tl::unexpected(before.error());
  std::vector<node_entry> busy;
  for (std::size_t i = 0; i < nodes.size(); ++i)
    if (at_work((*before)[i])) busy.push_back(nodes[i]);
  if (patience.count() > 0) {
    if (auto told = tell(provider, nodes, stop_how::drain); !told)
      return tl::unexpected(std::move(told.error()));
    auto left = await_end(provider, std::move(busy), patience, watching);
    if (!left) return tl::unexpected(std::move(left.error()));
    busy = std::move(*left);
    if (busy.empty()) return std::vector<std::string>{};
    if (watching.say)
      watching.say(fmt::format("{}: not finished within {} s; killed",
                               fmt::join(names_of_nodes(busy), ", "),
                               std::chrono::duration<double>(patience).count()));
  }
  if (auto told = tell(provider, patience.count() > 0 ? busy : nodes, stop_how::kill); !told)
    return tl::unexpected(std::move(told.error()));
  const auto left = await_end(provider, busy, launch_defaults::stop_grace, watching);
  if (!left) return tl::unexpected(left.error());
  if (left->empty()) return names_of_nodes(busy);
  return fail(launch_errc::timed_out,
              fmt::format("{} did not end even when killed; look at the host",
                          fmt::join(names_of_nodes(*left), ", ")));
}

} // namespace troupe::cluster
