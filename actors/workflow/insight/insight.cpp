#include "actors/workflow/insight/insight.hpp"

#include "actors/workflow/errors.hpp"
#include "actors/workflow/insight/bound.hpp"
#include "actors/workflow/insight/open_waits.hpp"
#include "actors/workflow/insight/timeline.hpp"

#include <algorithm>
#include <array>

namespace troupe::workflow {
namespace {

/// Puts together what a timeline has noted.
class analysis {
public:
  analysis(const timeline& from, std::optional<time_point> now)
      : from_{from}, graph_{*from.state().workflow(), counts(from.state())} {
    made_.run_id = from.state().run_id();
    made_.workflow = from.state().workflow();
    made_.status = from.state().status();
    made_.started = from.started();
    made_.closed = from.state().closed();
    made_.makespan = from.now();
    if (!made_.closed && now)
      made_.makespan = std::max(made_.makespan, time_between(from.started(), *now));
  }

  run_insight make() {
    take_instances();
    link();
    made_.bound = bound_of(made_, graph_, from_.hosts());
    explain_gap(made_, last(), after_, from_.turned());
    return std::move(made_);
  }

private:
  static std::vector<std::size_t> counts(const machine& state) {
    std::vector<std::size_t> made;
    for (std::size_t step = 0; step < state.workflow()->steps.size(); ++step)
      made.push_back(state.instance_count(step));
    return made;
  }

  [[nodiscard]] instance_record record_of(std::size_t step, std::size_t index) const {
    const auto& of = from_.records()[step];
    return index < of.size() ? of[index] : instance_record{};
  }

  void take_instances() {
    const auto& steps = made_.workflow->steps;
    for (std::size_t step = 0; step < steps.size(); ++step)
      for (std::uint32_t i = 0; i < from_.state().instance_count(step); ++i) {
        instance_record record = record_of(step, i);
        instance_insight made;
        made.id = {steps[step].id, i};
        made.step = step;
        made.status = from_.state().state_of(step).instances[i].status;
        made.closed = record.closed;
        made.attempts = record.attempts;
        made.compensations = record.compensations;
        for (attempt_insight& each : made.attempts) {
          if (each.outcome == attempt_outcome::open && (made_.closed || from_.turned()))
            each.outcome = attempt_outcome::abandoned;
          if (each.outcome == attempt_outcome::completed && !each.started && each.child_run.empty())
            made_.measured = false;
        }
        records_.push_back(std::move(record));
        made_.instances.push_back(std::move(made));
      }
  }

  /// Finds out when each instance was ready, and after what; then its phases follow.
  void link() {
    after_.resize(graph_.size());
    const auto later = [&](std::size_t a, std::size_t b) {
      // What is not closed is later than all that is.
      const auto when = [&](std::size_t at) {
        return records_[at].closed ? records_[at].closed_by : std::uint64_t(-1);
      };
      return when(a) < when(b);
    };
    graph_.for_each(
        later, [&](std::size_t step, std::size_t index, std::optional<std::size_t> needed) {
          const std::size_t at = graph_.number_of(step, index);
          instance_insight& of = made_.instances[at];
          if (of.status == instance_status::blocked || (needed && !records_[*needed].closed))
            return;
          after_[at] = needed;
          of.ready = needed ? *records_[*needed].closed : duration{};
          if (needed) of.after = made_.instances[*needed].id;
          const bool over = made_.closed || from_.turned().has_value();
          const duration end =
              std::min(of.closed.value_or(made_.makespan), from_.turned().value_or(made_.makespan));
          of.phases = phases_of(records_[at], made_.workflow->steps[step], *of.ready, end, over);
          if (!over && !of.closed) of.waits = wait_of(from_.state(), of, records_[at]);
        });
    if (made_.closed || from_.turned()) return;
    for (instance_insight& each : made_.instances)
      if (!each.ready) each.waits = wait_of(from_.state(), each, {});
  }

  /// The instance that decided the end.
  [[nodiscard]] std::optional<std::size_t> last() const {
    if (from_.culprit())
      for (std::size_t at = 0; at < records_.size(); ++at)
        if (made_.instances[at].id == *from_.culprit() && made_.instances[at].ready) return at;
    std::optional<std::size_t> closed, open;
    for (std::size_t at = 0; at < records_.size(); ++at) {
      const instance_insight& each = made_.instances[at];
      if (!each.ready) continue;
      if (!each.closed && (!open || each.ready < made_.instances[*open].ready)) open = at;
      if (each.closed && (!closed || records_[at].closed_by > records_[*closed].closed_by))
        closed = at;
    }
    return open ? open : closed;
  }

  const timeline& from_;
  instance_graph graph_;
  run_insight made_;
  /// By number.
  std::vector<instance_record> records_;
  std::vector<std::optional<std::size_t>> after_;
};

} // namespace

duration instance_insight::useful() const {
  duration made{};
  for (const phase& each : phases)
    if (each.kind == phase_kind::running) made += each.to - each.from;
  return made;
}

const instance_insight* run_insight::find(const instance_id& name) const {
  const auto found = std::find_if(instances.begin(), instances.end(), [&](const auto& each) {
    return each.id.step == name.step && each.id.index == name.index;
  });
  return found == instances.end() ? nullptr : &*found;
}

result<run_insight> analyse(std::span<const event> history, std::optional<time_point> now) {
  timeline noted;
  for (const event& each : history)
    if (auto added = noted.add(each); !added) return tl::unexpected(std::move(added.error()));
  if (history.empty()) return fail(workflow_errc::history_mismatch, "the history is empty");
  return analysis{noted, now}.make();
}

} // namespace troupe::workflow
