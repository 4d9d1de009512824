#include "actors/scheduling/defaults.hpp"
#include "actors/workflow/insight/what_if.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace troupe::workflow {
namespace {

double task_seconds(duration useful) {
  return std::max(std::chrono::duration<double>(useful).count(),
                  scheduling::defaults::least_run_seconds);
}

/// Instances first, then what stands for whole steps.
class graph_builder {
public:
  explicit graph_builder(const run_insight& of) : of_{of}, steps_{of.workflow->steps} {
    first_.assign(steps_.size() + 1, 0);
    for (const instance_insight& each : of.instances)
      ++first_[each.step + 1];
    for (std::size_t step = 0; step < steps_.size(); ++step)
      first_[step + 1] += first_[step];
  }

  result<scheduling::task_graph> build() {
    for (const instance_insight& each : of_.instances)
      tasks_.push_back({fmt::format("{}[{}]", each.id.step, each.id.index), program_of(each),
                        task_seconds(each.useful()), memory_of(each)});
    add_joins();
    for (const instance_insight& each : of_.instances)
      for (const dependency& need : steps_[each.step].needs)
        connect(each, need);
    return scheduling::task_graph::make(std::move(tasks_), std::move(edges_));
  }

private:
  [[nodiscard]] std::string program_of(const instance_insight& of) const {
    const step& from = steps_[of.step];
    return from.kind == step_kind::agent ? from.agent.type : "wait";
  }
  [[nodiscard]] std::optional<std::uint64_t> memory_of(const instance_insight& of) const {
    const std::uint64_t bytes = steps_[of.step].demand.memory_bytes;
    return std::min(bytes, scheduling::defaults::most_bytes);
  }
  [[nodiscard]] std::size_t count(std::size_t step) const {
    return first_[step + 1] - first_[step];
  }

  void add_joins() {
    joins_.resize(steps_.size());
    for (const step& user : steps_)
      for (const dependency& need : user.needs) {
        if (need.same_index || count(need.step) == 1 || joins_[need.step]) continue;
        joins_[need.step] = static_cast<std::uint32_t>(tasks_.size());
        tasks_.push_back(
            {steps_[need.step].id + ".all", "join", scheduling::defaults::least_run_seconds, 0});
      }
    for (std::size_t step = 0; step < steps_.size(); ++step) {
      if (!joins_[step]) continue;
      for (std::size_t at = first_[step]; at < first_[step + 1]; ++at)
        edges_.push_back({static_cast<std::uint32_t>(at), *joins_[step], 0});
      // A step without instances is done when all that it needs is.
      for (const dependency& need : steps_[step].needs)
        if (const auto whole = whole_of(need.step)) edges_.push_back({*whole, *joins_[step], 0});
    }
  }
  [[nodiscard]] std::optional<std::uint32_t> whole_of(std::size_t step) const {
    if (joins_[step]) return joins_[step];
    if (count(step) == 1) return static_cast<std::uint32_t>(first_[step]);
    return std::nullopt;
  }
  void connect(const instance_insight& to, const dependency& need) {
    const auto number = static_cast<std::uint32_t>(first_[to.step] + to.id.index);
    if (!need.same_index) {
      if (const auto whole = whole_of(need.step)) edges_.push_back({*whole, number, 0});
    } else if (to.id.index < count(need.step)) {
      edges_.push_back({static_cast<std::uint32_t>(first_[need.step] + to.id.index), number, 0});
    }
  }

  const run_insight& of_;
  const std::vector<step>& steps_;
  std::vector<std::size_t> first_;
  std::vector<std::optional<std::uint32_t>> joins_;
  std::vector<scheduling::task> tasks_;
  std::vector<scheduling::edge> edges_;
};

} // namespace

result<scheduling::task_graph> task_graph_of(const run_insight& of) {
  return graph_builder{of}.build();
}

} // namespace troupe::workflow
