#include "actors/workflow/compiler.hpp"
#include "actors/workflow/durations.hpp"

#include <fmt/format.h>

// Second attempts of a step, and attempts that give their place up.
namespace troupe::workflow {
namespace {

/// Of `2x`. Below 1 more than one in twenty would be late that is not.
constexpr double least_factor = 1, most_factor = 1'000;

} // namespace

void compiler::check_speculation(const v1::StepDefinition& from, step& made) {
  if (!from.has_speculate()) return;
  const std::string path = "steps." + from.id() + ".speculate";
  const v1::Speculation& said = from.speculate();
  if (made.kind != step_kind::agent)
    return report(path,
                  "only attempts of agents can have a second one beside them, not steps that wait "
                  "or are runs of their own; leave speculate out",
                  true);
  if (said.has_after() == (said.factor() != 0))
    return report(path,
                  "it does not say when an attempt takes too long; add 'after: 2x', twice as long "
                  "as usual, or a time, 'after: 30s'",
                  true);
  // Written so that what is no number is refused, too.
  if (!said.has_after() && !(said.factor() >= least_factor && said.factor() <= most_factor))
    report(path + ".after", "the factor is out of range; write one from 1x to 1000x");
  speculation wanted;
  wanted.factor = said.factor();
  if (said.has_after()) wanted.after = from_proto(said.after());
  if (said.has_after() && wanted.after <= duration{0})
    report(path + ".after",
           "the time is malformed or out of range; give one above 0 and up to ten years");
  if (from.has_compensate() && !said.idempotent())
    report(path,
           "the step does something that has to be undone, and a second attempt might do it twice; "
           "add 'idempotent: true' where its agent does it once for one idempotency key, or leave "
           "speculate out",
           true);
  made.speculate = wanted;
}

void compiler::check_preemptible(const v1::StepDefinition& from, step& made) {
  made.preemptible = from.preemptible();
  if (from.preemptible() && made.kind != step_kind::agent)
    report("steps." + from.id() + ".preemptible",
           "only attempts of agents hold a place that they could give up, not steps that wait or "
           "are runs of their own; leave preemptible out",
           true);
}

} // namespace troupe::workflow
