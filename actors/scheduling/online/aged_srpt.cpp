#include "actors/scheduling/online/demand.hpp"
#include "actors/scheduling/online/late_round.hpp"
#include "actors/scheduling/online/online_policy.hpp"
#include "actors/scheduling/online/short_task_reserve.hpp"
#include "actors/scheduling/online/workflow_queue.hpp"

#include <optional>
#include <vector>

namespace troupe::scheduling {
namespace {

/// Seconds of demand that a second of waiting makes up for: a workflow is overtaken only by those that arrive within 1/0.03 =
/// 33 times the time that it needs of the whole cluster.
constexpr double ageing = 0.03;
/// A task that is late is expected to need a tenth of the time it has run more.
constexpr double overdue = 0.1;
/// A task is short if it takes less than this part of the mean demand of the workflows so far.
constexpr double short_part = 0.03;

double least_demand_left(const workflow_figures& of) {
  return of.bottleneck_seconds + ageing * of.arrival_seconds;
}

/// Shortest remaining processing time, for slots of two kinds and tasks that cannot be interrupted. The workflow comes first
/// whose tasks need the least time of the kind of slot that they need most, less a part of its age; a late task does not
/// count as ending now; few slots are kept from long tasks; tasks that may use a GPU are looked at beside those that may
/// not, so that neither kind of slot idles because the first tasks wait for the other.
class aged_srpt final : public online_policy {
public:
  void arrived(const online_state& state, std::uint32_t workflow) override;
  void ready(const online_state& state, task_key key) override;
  void finished(const online_state& state, task_key key, std::uint32_t slot) override;
  void decide(const online_state& state, assigner& out) override;

private:
  /// What does not change with the cluster.
  struct parts {
    explicit parts(const cluster& on) : demands{on}, reserve{on} {}
    demand_model demands;
    short_task_reserve reserve;
  };

  [[nodiscard]] double order(const online_state& state, std::uint32_t workflow) const {
    return least_demand_left({.arrival_seconds = state.arrival(workflow),
                              .bottleneck_seconds = left_[workflow].bottleneck_seconds()});
  }
  static double rank(const online_state& state, task_key key) {
    return state.known(key.workflow).rank[key.task];
  }
  static std::size_t lane(const online_state& state, task_key key) {
    return state.known(key.workflow).costs.acceleration_of(key.task) > 0 ? 1 : 0;
  }
  void place_in_order(const online_state& state, assigner& out);

  std::optional<parts> parts_;
  /// By workflow.
  std::vector<demand> left_;
  /// Of all that arrived.
  double total_demand_ = 0;
  std::uint64_t arrivals_ = 0;
  workflow_queue waiting_;
  late_round round_{{.overdue = overdue, .promise_memory = true}};
  std::vector<task_key> taken_;
};

void aged_srpt::arrived(const online_state& state, std::uint32_t workflow) {
  if (!parts_) parts_.emplace(state.on());
  if (workflow >= left_.size()) left_.resize(workflow + 1);
  left_[workflow] = parts_->demands.of(state.known(workflow));
  total_demand_ += left_[workflow].bottleneck_seconds();
  ++arrivals_;
}

void aged_srpt::ready(const online_state& state, task_key key) {
  waiting_.add(order(state, key.workflow), key, rank(state, key), lane(state, key));
}

void aged_srpt::finished(const online_state& state, task_key key, std::uint32_t) {
  left_[key.workflow].subtract(parts_->demands.of(state.known(key.workflow), key.task));
  waiting_.reorder(key.workflow, order(state, key.workflow));
}

void aged_srpt::place_in_order(const online_state& state, assigner& out) {
  std::array<std::size_t, 2> looked_at{};
  waiting_.for_each([&](task_key key, std::size_t in_lane) {
    if (state.idle_slots() == 0) return workflow_queue::visit::stop;
    if (looked_at[in_lane]++ == late_window) return workflow_queue::visit::skip_lane;
    if (round_.place(state, out, key, &parts_->reserve)) taken_.push_back(key);
    return workflow_queue::visit::go_on;
  });
}

void aged_srpt::decide(const online_state& state, assigner& out) {
  if (waiting_.empty() || state.idle_slots() == 0) return;
  taken_.clear();
  round_.begin(state);
  parts_->reserve.begin(state, round_, short_part * total_demand_ / static_cast<double>(arrivals_));
  place_in_order(state, out);
  if (taken_.empty() && state.placed() == 0) {
    taken_.push_back(waiting_.first());
    force(state, out, taken_.front());
  }
  for (const task_key key : taken_)
    waiting_.erase(key, rank(state, key), lane(state, key));
}

} // namespace

ready_order aged_srpt_order() {
  return {least_demand_left, true};
}

std::unique_ptr<online_policy> make_aged_srpt_policy() {
  return std::make_unique<aged_srpt>();
}

} // namespace troupe::scheduling
