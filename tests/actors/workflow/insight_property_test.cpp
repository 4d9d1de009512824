#include "actors/workflow/insight/insight.hpp"
#include "tests/actors/workflow/driver.hpp"

#include <fmt/format.h>
#include <rapidcheck.h>

using namespace troupe;
using namespace troupe::test;

BOOST_AUTO_TEST_SUITE(workflow_insight_properties)

namespace {

int random_below(int bound) {
  return *rc::gen::inRange(0, bound);
}

/// One step; it may need any of those before it.
std::string random_step(int at, const std::vector<std::string>& lists) {
  std::string needs;
  for (int other = 0; other < at; ++other)
    if (random_below(3) == 0) needs += fmt::format("{}s{}", needs.empty() ? "" : ", ", other);
  const std::string more =
      fmt::format(", needs: [{}]{}{}", needs, random_below(3) == 0 ? ", parallelism: 1" : "",
                  random_below(4) == 0 ? ", when: 'false'" : "");
  switch (random_below(6)) {
  case 0:
    return fmt::format("wait: {}s{}", random_below(5), more);
  case 1:
    return fmt::format("signal: {}{}", random_below(2) == 0 ? "go" : "stop", more);
  case 2:
  case 3:
    if (!lists.empty())
      return fmt::format("agent: files.read, preemptible: true, speculate: {{ after: 2x }}, "
                         "for_each: '${{steps.{}.files}}', resources: {{ cpu: 1 "
                         "}}, input: {{ path: '${{item.path}}' }}{}",
                         *rc::gen::elementOf(lists), more);
    [[fallthrough]];
  default:
    return fmt::format("agent: files.list, preemptible: true, speculate: {{ after: 2x }}, retry: "
                       "{{ maximum_attempts: 2 }}, resources: {{ cpu: "
                       "{} }}, on_failure: {}{}",
                       1 + random_below(2), random_below(2) == 0 ? "fail" : "continue", more);
  }
}

definition_ptr random_workflow() {
  std::string yaml = "name: w\nsteps:\n";
  std::vector<std::string> lists;
  const int steps = 1 + random_below(7);
  for (int at = 0; at < steps; ++at) {
    const std::string made = random_step(at, lists);
    yaml += fmt::format("  s{}: {{ {} }}\n", at, made);
    if (made.starts_with("agent: files.list")) lists.push_back(fmt::format("s{}", at));
  }
  RC_TAG(steps);
  return load(yaml);
}

/// Sometimes true, sometimes nothing that could be.
std::optional<attempt_timing> random_timing(const driver& run) {
  if (random_below(5) == 0) return std::nullopt;
  const auto time = [] { return std::chrono::milliseconds{random_below(4'000)}; };
  attempt_timing made;
  if (random_below(8) != 0) made.started = run.now - time();
  made.ran = time();
  made.slot_wait = time() / 4;
  made.resource_wait = time() / 4;
  if (random_below(20) == 0) made.ran = duration::max();
  if (random_below(20) == 0) made.started = time_point::max();
  return made;
}

void happen(driver& run) {
  // Now and then the clock is set back.
  run.now +=
      std::chrono::milliseconds{random_below(10) == 0 ? -random_below(5'000) : random_below(3'000)};
  if (random_below(40) == 0) return run.record(run_recovered{"again"});
  if (random_below(60) == 0) return run.record(run_cancelled{"enough"});
  const auto flying = run.state.in_flight();
  if (!flying.empty()) {
    const attempt_id attempt = *rc::gen::elementOf(flying);
    if (random_below(5) == 0) {
      step_failed made = run.state.judge(attempt, {"test.failed", "", true}, run.now);
      made.timing = random_timing(run);
      return run.record(std::move(made));
    }
    if (random_below(4) == 0 && run.state.may_have_second(attempt))
      return (void)run.speculate(attempt);
    if (random_below(8) == 0)
      return run.record(step_lost{attempt, "n1", 1, nullptr, random_timing(run)});
    if (random_below(6) == 0 && run.state.may_be_preempted(attempt))
      return run.record(step_preempted{attempt, nullptr, "other/a/0", random_timing(run)});
    message_ptr reply = answer(**run.state.request(attempt.instance));
    return run.record(step_completed{attempt, std::move(reply), random_timing(run)});
  }
  if (!run.waits.empty()) return run.fire(0);
  if (!run.timers.empty()) return run.fire_timer(0);
  if (const auto name = run.awaited(); !name.empty()) run.send(name);
}

void check(const run_insight& of) {
  RC_ASSERT(of.bound.critical_path <= of.makespan);
  RC_ASSERT(of.bound.value() <= of.makespan);
  duration gap{}, on_chain{};
  for (const gap_part& each : of.gap) {
    RC_ASSERT(each.gap >= duration{});
    RC_ASSERT(each.gap <= each.on_chain);
    gap += each.gap;
    on_chain += each.on_chain;
  }
  RC_ASSERT(gap == of.gap_total());
  duration useful{};
  for (const instance_id& each : of.chain)
    useful += of.find(each)->useful();
  RC_ASSERT(useful + on_chain == of.makespan);
  for (const instance_insight& each : of.instances) {
    RC_ASSERT(each.ready.has_value() || each.phases.empty());
    duration at = each.ready.value_or(duration{});
    for (const phase& part : each.phases) {
      RC_ASSERT(part.from == at);
      RC_ASSERT(part.to > part.from);
      at = part.to;
    }
    RC_ASSERT(at <= of.makespan);
    RC_ASSERT(!of.closed || !each.waits);
  }
}

} // namespace

BOOST_AUTO_TEST_CASE(the_parts_of_the_gap_add_up_and_the_bound_is_one) {
  BOOST_TEST(rc::check([] {
    driver run;
    run_host host;
    host.slots = 1 + static_cast<std::uint32_t>(random_below(4));
    host.resources.milli_cpu = 1'000 * (1 + static_cast<std::uint64_t>(random_below(4)));
    run.record(run_started{"r", random_workflow(), {}, 0, std::nullopt, duration{}, host});
    for (int i = 0; i < 200 && !run.state.closed(); ++i) {
      if (random_below(10) == 0)
        check(must(analyse(run.history, run.now + std::chrono::seconds{random_below(3)})));
      happen(run);
    }
    check(must(analyse(run.history)));
    RC_TAG(v1::RunStatus_Name(run.state.status()));
  }));
}

BOOST_AUTO_TEST_SUITE_END()
