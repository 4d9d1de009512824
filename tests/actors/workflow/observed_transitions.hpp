#pragma once

#include "actors/workflow/event_codec.hpp"
#include "actors/workflow/transitions.hpp"
#include "tests/actors/workflow/driver.hpp"

#include <set>
#include <tuple>

namespace troupe::test {

/// A status by name, what happened, the next status.
using observed = std::set<std::tuple<std::string, std::string, std::string>>;

/// The instance that an event is about; nothing where it is about a run.
inline std::optional<instance_id> subject_of(const event& happened) {
  return std::visit(
      [](const auto& is) -> std::optional<instance_id> {
        if constexpr (requires { is.attempt.instance; })
          return is.attempt.instance;
        else if constexpr (requires { is.instance; })
          return is.instance;
        else
          return std::nullopt;
      },
      happened.what);
}

inline std::string kind_of(const event& happened) {
  const v1::Event wire = encode(happened);
  return v1::Event::GetReflection()
      ->GetOneofFieldDescriptor(wire, v1::Event::descriptor()->FindOneofByName("kind"))
      ->name();
}

inline std::map<instance_id, instance_status> statuses_of(const machine& run) {
  std::map<instance_id, instance_status> made;
  if (!run.workflow()) return made;
  for (std::size_t at = 0; at < run.workflow()->steps.size(); ++at) {
    const step_state& of = run.state_of(at);
    for (const bool compensation : {false, true}) {
      const auto& instances = compensation ? of.compensations : of.instances;
      for (std::uint32_t i = 0; i < instances.size(); ++i)
        made[{run.workflow()->steps[at].id, i, compensation}] = instances[i].status;
    }
  }
  return made;
}

inline void note(observed& into, instance_status was, const std::string& on, instance_status now) {
  into.emplace(name_of(was), on, name_of(now));
}

/// Every change of an instance's or a run's status that a history brings about.
inline void observe(const std::vector<event>& history, observed& instances, observed& runs) {
  machine run;
  for (const event& happened : history) {
    const auto before = statuses_of(run);
    const auto status = run.status();
    must(run.apply(happened));
    const auto subject = subject_of(happened);
    const bool of_all = std::holds_alternative<run_recovered>(happened.what) ||
                        std::holds_alternative<run_cancelling>(happened.what) ||
                        std::holds_alternative<signal_received>(happened.what);
    const std::string kind = kind_of(happened);
    for (const auto& [name, now] : statuses_of(run)) {
      const auto was = before.contains(name) ? before.at(name) : instance_status::blocked;
      if (was != now)
        note(instances, was,
             subject == name ||
                     (of_all && was != instance_status::blocked && was != instance_status::ready)
                 ? kind
                 : "",
             now);
    }
    if (status != run.status())
      runs.emplace(v1::RunStatus_Name(status), kind, v1::RunStatus_Name(run.status()));
  }
}

} // namespace troupe::test
