#include "tests/actors/scheduling/online/event_checker.hpp"

#include <algorithm>
#include <cmath>
#include <deque>
#include <fmt/format.h>
#include <map>
#include <optional>

namespace troupe::scheduling::test {
namespace {

/// Sums in another order differ in their last digits.
constexpr double tolerance = 1e-6;

class checker {
public:
  checker(const cluster& on, const std::vector<simulated_workflow>& stream)
      : on_{on}, stream_{stream}, arrived_(stream.size()), queues_(on.slot_count()),
        running_(on.slot_count()), used_(on.nodes().size()) {}

  std::string check(const std::vector<online_event>& events) {
    double now = 0;
    for (const online_event& event : events) {
      if (event.seconds < now) return fmt::format("time goes back to {}", event.seconds);
      if (event.seconds > now) look_for_late_starts(now, event.seconds);
      now = event.seconds;
      take(event);
      if (!problem_.empty()) return fmt::format("at {}: {}", now, problem_);
    }
    std::size_t tasks = 0;
    for (const auto& each : stream_)
      tasks += each.known->graph.size();
    return finished_.size() == tasks ? "" : "not every task ended";
  }

private:
  struct placed {
    task_key key;
    double data_at = 0;
  };

  void refuse(bool when, std::string_view why) {
    if (when && problem_.empty()) problem_ = why;
  }
  [[nodiscard]] const known_workflow& known(task_key key) const {
    return *stream_[key.workflow].known;
  }
  [[nodiscard]] std::uint64_t memory(task_key key) const {
    return known(key).costs.memory_bytes(key.task);
  }
  [[nodiscard]] double true_seconds(task_key key, std::uint32_t slot) const {
    return known(key).costs.seconds(key.task, on_.pool_of(slot)) *
           stream_[key.workflow].factors[key.task];
  }

  void take(const online_event& event) {
    switch (event.kind) {
    case online_event::what::arrive:
      refuse(arrived_[event.key.workflow], "a workflow arrives twice");
      refuse(event.seconds != stream_[event.key.workflow].arrival_seconds,
             "it arrives at its time");
      arrived_[event.key.workflow] = true;
      return;
    case online_event::what::assign:
      return assign(event);
    case online_event::what::start:
      return start(event);
    case online_event::what::finish:
      return finish(event);
    }
  }

  void assign(const online_event& event) {
    refuse(!arrived_[event.key.workflow], "assigned before its workflow arrived");
    refuse(!assigned_.insert({event.key, event.slot}).second, "assigned twice");
    refuse(known(event.key).costs.seconds(event.key.task, on_.pool_of(event.slot)) == never,
           "assigned where it may not run");
    double data_at = event.seconds;
    for (const neighbour& from : known(event.key).graph.predecessors(event.key.task)) {
      const task_key producer{event.key.workflow, from.task};
      refuse(!finished_.contains(producer), "assigned before a producer ended");
      const double seconds = on_.transfer_seconds(from.bytes, on_.pool_at(assigned_[producer]).node,
                                                  on_.pool_at(event.slot).node);
      data_at = std::max(data_at, event.seconds + seconds);
    }
    queues_[event.slot].push_back({event.key, data_at});
  }

  void start(const online_event& event) {
    auto& queue = queues_[event.slot];
    const std::uint32_t node = on_.pool_at(event.slot).node;
    refuse(running_[event.slot].has_value(), "two tasks on one slot");
    refuse(queue.empty() || queue.front().key != event.key, "not the head of the queue starts");
    if (!problem_.empty()) return;
    refuse(queue.front().data_at > event.seconds, "starts without its inputs");
    used_[node] += memory(event.key);
    refuse(used_[node] > on_.nodes()[node].memory_bytes, "more memory than the node has");
    queue.pop_front();
    running_[event.slot] = event;
  }

  void finish(const online_event& event) {
    const auto& begun = running_[event.slot];
    refuse(!begun || begun->key != event.key, "ends without having started there");
    if (!problem_.empty()) return;
    const double ran = event.seconds - begun->seconds;
    const double should = true_seconds(event.key, event.slot);
    refuse(std::abs(ran - should) > tolerance * (1 + event.seconds), "runs for another time");
    used_[on_.pool_at(event.slot).node] -= memory(event.key);
    running_[event.slot].reset();
    finished_[event.key] = event.seconds;
  }

  /// Nothing happens from `now` on before `next`: then nothing could have started.
  void look_for_late_starts(double now, double next) {
    for (std::uint32_t slot = 0; slot < on_.slot_count(); ++slot) {
      if (running_[slot] || queues_[slot].empty()) continue;
      const placed& head = queues_[slot].front();
      const std::uint32_t node = on_.pool_at(slot).node;
      const bool fits = used_[node] + memory(head.key) <= on_.nodes()[node].memory_bytes;
      refuse(fits && head.data_at < next && std::max(now, head.data_at) < next,
             fmt::format("the head of slot {} starts too late", slot));
    }
  }

  const cluster& on_;
  const std::vector<simulated_workflow>& stream_;
  std::vector<bool> arrived_;
  std::map<task_key, std::uint32_t> assigned_;
  std::map<task_key, double> finished_;
  std::vector<std::deque<placed>> queues_;
  std::vector<std::optional<online_event>> running_;
  std::vector<std::uint64_t> used_;
  std::string problem_;
};

} // namespace

std::string check_events(const cluster& on, const std::vector<simulated_workflow>& stream,
                         const std::vector<online_event>& events) {
  return checker{on, stream}.check(events);
}

} // namespace troupe::scheduling::test
