#include "actors/scheduling/online/simulator.hpp"

#include <fmt/format.h>
#include <queue>
#include <set>
#include <utility>

namespace troupe::scheduling {
namespace {

/// What will happen, in the order of time, then of kind, then of numbers.
struct coming {
  enum class what : std::uint8_t { finish, arrive, wake };

  double seconds = 0;
  what kind = what::finish;
  task_key key;
  std::uint32_t slot = 0;

  bool operator>(const coming& other) const {
    if (seconds != other.seconds) return seconds > other.seconds;
    if (kind != other.kind) return kind > other.kind;
    return other.key < key;
  }
};

class simulator final : assigner {
public:
  simulator(const cluster& on, const std::vector<simulated_workflow>& workflows,
            online_policy& policy, const std::function<void(const online_event&)>& tell)
      : on_{on}, workflows_{workflows}, policy_{policy}, tell_{tell}, state_{on} {
    result_.ends.resize(workflows.size());
    for (std::uint32_t i = 0; i < workflows.size(); ++i)
      coming_.push({workflows[i].arrival_seconds, coming::what::arrive, {i, 0}, 0});
  }

  simulation run() {
    while (!coming_.empty()) {
      const double now = coming_.top().seconds;
      state_.set_now(now);
      while (!coming_.empty() && coming_.top().seconds == now) {
        const coming next = coming_.top();
        coming_.pop();
        happen(next);
      }
      policy_.decide(state_, *this);
      for (std::uint32_t slot = 0; slot < on_.slot_count(); ++slot)
        start_head(slot);
    }
    for (std::uint32_t i = 0; i < workflows_.size(); ++i)
      result_.left_over += state_.unfinished(i);
    return std::move(result_);
  }

private:
  void assign(task_key key, std::uint32_t slot) override {
    state_.assign(key, slot);
    tell(online_event::what::assign, key, slot);
  }

  void happen(const coming& next) {
    ready_.clear();
    if (next.kind == coming::what::finish) {
      finish(next);
    } else if (next.kind == coming::what::arrive) {
      state_.arrive(next.key.workflow, workflows_[next.key.workflow].known, ready_);
      tell(online_event::what::arrive, next.key, 0);
      policy_.arrived(state_, next.key.workflow);
    } else {
      wakes_.erase({next.slot, next.seconds});
    }
    for (const task_key key : ready_)
      policy_.ready(state_, key);
  }

  void finish(const coming& next) {
    const double started = state_.slots()[next.slot].started;
    const auto kind = static_cast<std::size_t>(on_.pool_at(next.slot).kind);
    result_.busy_seconds[kind] += state_.now() - started;
    result_.ends[next.key.workflow] = state_.now();
    state_.finish(next.slot, ready_);
    tell(online_event::what::finish, next.key, next.slot);
    policy_.finished(state_, next.key, next.slot);
  }

  void start_head(std::uint32_t slot) {
    const double data_at = state_.head_data_at(slot);
    if (data_at == never) return;
    if (data_at > state_.now()) {
      if (wakes_.insert({slot, data_at}).second)
        coming_.push({data_at, coming::what::wake, {slot, 0}, slot});
      return;
    }
    if (!state_.head_fits(slot)) return;
    const task_key key = state_.slots()[slot].queue.front().key;
    state_.start(slot);
    tell(online_event::what::start, key, slot);
    const double seconds = state_.seconds(key, slot) * workflows_[key.workflow].factors[key.task];
    coming_.push({state_.now() + seconds, coming::what::finish, key, slot});
  }

  void tell(online_event::what kind, task_key key, std::uint32_t slot) {
    if (tell_) tell_({state_.now(), kind, key, slot});
  }

  const cluster& on_;
  const std::vector<simulated_workflow>& workflows_;
  online_policy& policy_;
  const std::function<void(const online_event&)>& tell_;
  online_state state_;
  std::priority_queue<coming, std::vector<coming>, std::greater<>> coming_;
  /// Slots whose head waits for its inputs, and until when: one wake each.
  std::set<std::pair<std::uint32_t, double>> wakes_;
  std::vector<task_key> ready_;
  simulation result_;
};

} // namespace

simulation simulate(const cluster& on, const std::vector<simulated_workflow>& workflows,
                    online_policy& policy, const std::function<void(const online_event&)>& tell) {
  return simulator{on, workflows, policy, tell}.run();
}

std::string to_json_line(const online_event& event) {
  static constexpr std::array<const char*, 4> names{"arrive", "assign", "start", "finish"};
  const char* name = names[static_cast<std::size_t>(event.kind)];
  if (event.kind == online_event::what::arrive)
    return fmt::format(R"({{"t": {}, "e": "{}", "w": {}}})", event.seconds, name,
                       event.key.workflow);
  return fmt::format(R"({{"t": {}, "e": "{}", "w": {}, "k": {}, "s": {}}})", event.seconds, name,
                     event.key.workflow, event.key.task, event.slot);
}

} // namespace troupe::scheduling
