#include "actors/runtime/internal/supervisors.hpp"

#include "actors/runtime/errc.hpp"
#include "actors/runtime/names.hpp"

#include <utility>

namespace troupe::runtime {

result<void> supervisors::add(supervisor one) {
  const auto refuse = [&one](const std::string& why) {
    return fail(runtime_errc::bad_supervisor, "supervisor '" + one.name + "': " + why);
  };
  if (!is_name_part(one.name))
    return refuse("its name must be 1 to 128 letters, digits, '.', '_', '-'");
  std::lock_guard lock{mutex_};
  if (nodes_.contains(one.name)) return refuse("there is one of this name already");
  // Parents come first, so there is no cycle.
  if (!one.parent.empty() && !nodes_.contains(one.parent))
    return refuse("its parent '" + one.parent + "' is not there; add that one first");
  auto name = one.name;
  nodes_.emplace(std::move(name), node{std::move(one)});
  return {};
}

bool supervisors::knows(const std::string& name) const {
  std::lock_guard lock{mutex_};
  return name.empty() || nodes_.contains(name);
}

supervisors::verdict supervisors::judge(const std::string& above, time_point now) {
  std::lock_guard lock{mutex_};
  std::string failed; // the supervisor that failed last; at first it is the agent alone
  auto name = above;
  while (!name.empty()) {
    auto& judge = nodes_.at(name);
    const auto strategy = judge.options.strategy;
    if (strategy == supervision_strategy::give_up) break;
    if (const auto delay = judge.budget.on_crash(now)) {
      auto about = strategy == supervision_strategy::one_for_all ? name : failed;
      if (!about.empty()) start_anew_below(about, name);
      return {name, std::move(about), *delay};
    }
    failed = std::exchange(name, judge.options.parent);
  }
  return {name, failed, std::nullopt};
}

bool supervisors::is_within(const std::string& name, const std::string& top) const {
  std::lock_guard lock{mutex_};
  return within(name, top);
}

bool supervisors::within(const std::string& name, const std::string& top) const {
  auto at = name;
  while (!at.empty() && at != top)
    at = nodes_.at(at).options.parent;
  return !at.empty();
}

void supervisors::start_anew_below(const std::string& top, const std::string& except) {
  for (auto& [name, each] : nodes_)
    if (name != except && within(name, top)) each.budget = restart_tracker{each.options.budget};
}

void supervisors::put_down(const std::string& top, failure why) {
  std::lock_guard lock{mutex_};
  for (auto& [name, each] : nodes_)
    if (within(name, top)) each.down = why;
}

std::optional<failure> supervisors::down(const std::string& name) const {
  if (name.empty()) return std::nullopt;
  std::lock_guard lock{mutex_};
  const auto found = nodes_.find(name);
  return found == nodes_.end() ? std::nullopt : found->second.down;
}

} // namespace troupe::runtime
