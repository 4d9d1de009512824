#include "cluster/launch/internal/bring_up.hpp"

#include "cluster/launch/internal/at_once.hpp"
#include "cluster/launch/internal/tail.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <thread>

namespace troupe::cluster {

bool bring_up::nothing_runs() const {
  return std::none_of(seen_.begin(), seen_.end(), [](const auto& seen) {
    return seen.phase == node_phase::starting || seen.phase == node_phase::ready;
  });
}

void bring_up::say(const std::string& line) const {
  if (watching_.say) watching_.say(line);
}

double bring_up::seconds() const {
  return std::chrono::duration<double>(steady::now() - begin_).count();
}

result<void> bring_up::look() {
  auto seen = provider_.look(wanted_);
  if (!seen) return tl::unexpected(std::move(seen.error()));
  seen_ = std::move(*seen);
  return {};
}

result<void> bring_up::run(node_planner& planner) {
  if (auto begun = start(planner); !begun) return begun;
  if (auto told = tell_seeds(); !told) return told;
  return await_all();
}

result<void> bring_up::start(node_planner& planner) {
  std::vector<node_plan> plans;
  std::vector<std::size_t> indices;
  for (std::size_t i = 0; i < wanted_.size(); ++i) {
    if (seen_[i].phase == node_phase::ready || seen_[i].phase == node_phase::starting) continue;
    auto plan = planner.plan(wanted_[i]);
    if (!plan) return tl::unexpected(std::move(plan.error()));
    plans.push_back(std::move(*plan));
    indices.push_back(i);
    started_.push_back(wanted_[i]);
  }
  return each_at_once(plans.size(), [&](std::size_t i) -> result<void> {
    if (auto done = provider_.start(plans[i]); !done)
      return fail(done.error().code, plans[i].entry.name + ": " + done.error().context);
    seen_[indices[i]] = {node_phase::starting, std::nullopt, {}};
    return {};
  });
}

result<void> bring_up::await_all() {
  const auto end = steady::now() + spec_.start_timeout;
  const auto waiting = [](const node_look& seen) { return seen.phase != node_phase::ready; };
  for (;;) {
    const auto news = look_again();
    if (!news) return tl::unexpected(news.error());
    if (*news)
      if (auto told = tell_seeds(); !told) return told;
    const auto first = std::find_if(seen_.begin(), seen_.end(), waiting);
    if (first == seen_.end()) return {};
    if (watching_.stop_asked && watching_.stop_asked())
      return fail(launch_errc::interrupted, "not all nodes are ready");
    if (steady::now() > end)
      return tl::unexpected(
          why_not(static_cast<std::size_t>(first - seen_.begin()), launch_errc::timed_out,
                  fmt::format("not ready after {} s (timeouts.start)",
                              std::chrono::duration<double>(spec_.start_timeout).count())));
    std::this_thread::sleep_for(provider_.look_interval());
  }
}

result<bool> bring_up::look_again() {
  std::vector<node_entry> asked;
  std::vector<std::size_t> indices;
  for (std::size_t i = 0; i < wanted_.size(); ++i)
    if (seen_[i].phase != node_phase::ready) {
      asked.push_back(wanted_[i]);
      indices.push_back(i);
    }
  auto seen = provider_.look(asked);
  if (!seen) return tl::unexpected(std::move(seen.error()));
  bool news = false;
  for (std::size_t i = 0; i < asked.size(); ++i) {
    auto& known = seen_[indices[i]];
    known = std::move((*seen)[i]);
    if (known.phase == node_phase::ended || known.phase == node_phase::absent)
      return tl::unexpected(why_not(indices[i], launch_errc::ended_early, "it has ended"));
    if (known.phase != node_phase::ready) continue;
    say(fmt::format("{}: ready at {} ({:.2f} s)", asked[i].name, known.status->address, seconds()));
    news = news || known.status->roles.contains(node_role::coordinator);
  }
  return news;
}

result<void> bring_up::tell_seeds() {
  std::string seeds;
  for (const auto& each : seen_)
    if (each.status && each.status->roles.contains(node_role::coordinator))
      seeds += each.status->address + "\n";
  if (seeds.empty()) return {};
  return each_at_once(wanted_.size(),
                      [&](std::size_t i) { return provider_.write_seeds(wanted_[i], seeds); });
}

error bring_up::why_not(std::size_t node, launch_errc code, const std::string& what) const {
  const auto& name = wanted_[node].name;
  const auto& detail = seen_[node].detail;
  const auto log = provider_.read_log(wanted_[node], log_end, launch_defaults::log_bytes);
  const auto tail = log ? indented_tail(log->text) : "\n  (" + log.error().context + ")";
  return {code,
          fmt::format("{}: {}{}; {}", name, what, detail.empty() ? "" : " (" + detail + ")",
                      tail.empty() ? "its log is empty" : "the last lines of its log:" + tail)};
}

} // namespace troupe::cluster
