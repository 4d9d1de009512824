#include "actors/workflow/event_codec.hpp"
#include "actors/workflow/replay_check.hpp"
#include "tests/actors/workflow/driver.hpp"
#include "tests/actors/workflow/observed_transitions.hpp"

#include <rapidcheck.h>
#include <set>

using namespace troupe;
using namespace troupe::test;

BOOST_AUTO_TEST_SUITE(workflow_machine_properties)

namespace {

/// A condition that holds sometimes.
std::string random_condition(bool fans_out) {
  switch (*rc::gen::inRange(0, 8)) {
  case 0:
    return "false";
  case 1:
    return "${run.run_id} == 'r' and not false";
  case 2:
    return fans_out ? "${index} != 1" : "true";
  default:
    return "";
  }
}

/// Lets a step read what one of those before it replied.
void add_random_reference(v1::StepDefinition& step, const std::vector<std::string>& readers,
                          const std::vector<std::string>& fan_outs) {
  auto& fields = *step.mutable_input()->mutable_fields();
  if (step.agent() == "files.list" && !fan_outs.empty() && *rc::gen::inRange(0, 2) == 0)
    fields["patterns"].set_string_value("${steps." + *rc::gen::elementOf(fan_outs) + ".path}");
  if (step.agent() == "files.read" && !readers.empty() && *rc::gen::inRange(0, 2) == 0)
    fields["path"].set_string_value("${steps." + *rc::gen::elementOf(readers) + ".path}");
}

/// What a step does: an agent, a wait, or a signal of one of two names.
void set_random_work(v1::StepDefinition& step, int kind) {
  if (kind < 4) return step.set_agent(kind == 0 ? "files.list" : "files.read");
  if (*rc::gen::inRange(0, 2) == 0)
    step.mutable_wait()->set_seconds(*rc::gen::inRange(0, 5));
  else
    step.set_signal(*rc::gen::inRange(0, 2) == 0 ? "go" : "stop");
}

/// What comes of the step's failure, where that is said at all.
void set_random_on_failure(v1::StepDefinition& step) {
  switch (*rc::gen::inRange(0, 6)) {
  case 0:
    return step.mutable_on_failure()->set_action(v1::FAILURE_ACTION_CONTINUE);
  case 1:
    return (void)step.mutable_on_failure()->mutable_reply();
  case 2:
    return step.mutable_on_failure()->set_action(v1::FAILURE_ACTION_FAIL);
  default:
    return;
  }
}

/// What undoes the step, where something does.
void set_random_compensation(v1::StepDefinition& step) {
  if ((step.agent().empty() && step.workflow().empty()) || *rc::gen::inRange(0, 3) != 0) return;
  v1::Compensation& undo = *step.mutable_compensate();
  undo.set_agent("files.read");
  undo.mutable_retry()->set_maximum_attempts(static_cast<std::uint32_t>(*rc::gen::inRange(1, 4)));
  auto& path = (*undo.mutable_input()->mutable_fields())["path"];
  path.set_string_value(step.agent() == "files.read" ? "${steps." + step.id() + ".path}" : "x");
}

/// A run of its own, of a definition that is always there.
void set_random_child(v1::StepDefinition& step) {
  if (step.agent() != "files.list" || *rc::gen::inRange(0, 3) != 0) return;
  step.clear_agent();
  step.set_workflow("child");
}

/// Makes a random definition: lists, steps over them, steps over those, plain steps, with random
/// conditions, references, needs and bounds.
v1::WorkflowDefinition random_definition() {
  v1::WorkflowDefinition made;
  made.set_name("random");
  made.set_version("1");
  v1::WorkflowDefinition& child = *made.add_workflows();
  child.set_name("child");
  child.set_version("1");
  child.set_output("${steps.list}");
  child.add_steps()->set_id("list");
  child.mutable_steps(0)->set_agent("files.list");
  const int count = *rc::gen::inRange(1, 9);
  std::vector<std::string> lists;
  std::vector<std::string> fan_outs;
  std::vector<std::string> readers;
  for (int i = 0; i < count; ++i) {
    v1::StepDefinition& step = *made.add_steps();
    step.set_id("s" + std::to_string(i));
    const int kind = *rc::gen::inRange(0, 6);
    set_random_work(step, kind);
    if ((kind == 1 || kind == 5) && !lists.empty())
      step.set_for_each("${steps." + *rc::gen::elementOf(lists) + ".files}");
    if (kind == 2 && !fan_outs.empty())
      step.set_for_each("${steps." + *rc::gen::elementOf(fan_outs) + "}");
    if (!step.agent().empty()) add_random_reference(step, readers, fan_outs);
    step.set_when(random_condition(!step.for_each().empty()));
    if (kind == 0) lists.push_back(step.id());
    if (!step.for_each().empty() && !step.agent().empty())
      fan_outs.push_back(step.id());
    else if (kind != 0 && !step.agent().empty())
      readers.push_back(step.id());
    if (step.input().fields_size() == 0) set_random_child(step);
    if (!step.agent().empty() && *rc::gen::inRange(0, 2) == 0) {
      step.mutable_speculate()->set_factor(2);
      step.mutable_speculate()->set_idempotent(true);
    }
    step.set_preemptible(!step.agent().empty() && *rc::gen::inRange(0, 2) == 0);
    set_random_on_failure(step);
    set_random_compensation(step);
    step.set_parallelism(static_cast<std::uint32_t>(*rc::gen::inRange(0, 4)));
    step.mutable_retry()->set_maximum_attempts(static_cast<std::uint32_t>(*rc::gen::inRange(1, 5)));
    for (int j = 0; j < i; ++j)
      if (*rc::gen::inRange(0, 4) == 0) step.add_needs("s" + std::to_string(j));
  }
  return made;
}

message_ptr random_reply(const google::protobuf::Message& request) {
  return answer(request, static_cast<std::size_t>(*rc::gen::inRange(0, 5)));
}

/// Watches what must hold after every event.
struct watcher {
  std::set<instance_id> completed;
  std::set<instance_id> skipped;
  std::map<instance_id, std::uint32_t> attempts;
  /// No two attempts share a token, and those of an instance rise. Over all they need not: a second attempt may be recorded
  /// between the choice of another one and its event.
  std::set<std::uint64_t> tokens;
  std::map<instance_id, std::uint64_t> newest;
  void take_token(const attempt_id& attempt) {
    RC_ASSERT(tokens.insert(attempt.token).second);
    RC_ASSERT(attempt.token > newest[attempt.instance]);
    newest[attempt.instance] = attempt.token;
  }
  /// What is to be undone, the last one first.
  std::vector<instance_id> undo;
  std::set<instance_id> undone;

  void look(const driver& run, std::size_t seen) {
    for (; seen < run.history.size(); ++seen)
      look_at(run.history[seen]), look_at_undoing(run, run.history[seen]);
    const auto& steps = run.state.workflow()->steps;
    for (std::size_t at = 0; at < steps.size(); ++at)
      look_at_step(run, at);
    look_at_flights(run);
  }
  void look_at_undoing(const driver& run, const event& happened) {
    const auto ended = [&](const instance_id& name) {
      RC_ASSERT(!undo.empty() && undo.back() == (instance_id{name.step, name.index}));
      RC_ASSERT(undone.insert(undo.back()).second);
      undo.pop_back();
    };
    if (const auto* scheduled = std::get_if<step_scheduled>(&happened.what)) {
      const instance_id& name = scheduled->attempt.instance;
      // Nothing else begins from then on.
      RC_ASSERT(name.compensation == turned_back);
      if (name.compensation)
        RC_ASSERT(!undo.empty() && undo.back() == (instance_id{name.step, name.index}));
    }
    if (const auto* done = std::get_if<step_completed>(&happened.what)) {
      const instance_id& name = done->attempt.instance;
      RC_ASSERT(name.compensation == turned_back ||
                run.state.definition_of(name).kind == step_kind::child);
      if (name.compensation)
        ended(name);
      else if (run.state.definition_of(name).compensate)
        undo.push_back(name);
    }
    if (const auto* failed = std::get_if<step_failed>(&happened.what);
        failed && failed->attempt.instance.compensation && !failed->retry_time)
      ended(failed->attempt.instance);
    if (const auto* late = std::get_if<step_timed_out>(&happened.what);
        late && late->instance.compensation)
      ended(late->instance);
    if (std::holds_alternative<run_compensating>(happened.what)) turned_back = true;
    if (std::holds_alternative<run_failed>(happened.what)) RC_ASSERT(undo.empty());
  }
  bool turned_back = false;
  std::set<std::string> children;
  void look_at(const event& happened) {
    if (const auto* scheduled = std::get_if<step_scheduled>(&happened.what)) {
      RC_ASSERT(!completed.contains(scheduled->attempt.instance));
      RC_ASSERT(!skipped.contains(scheduled->attempt.instance));
      take_token(scheduled->attempt);
      RC_ASSERT(scheduled->attempt.attempt == ++attempts[scheduled->attempt.instance]);
    }
    if (const auto* child = std::get_if<child_started>(&happened.what)) {
      RC_ASSERT(!turned_back && !completed.contains(child->attempt.instance));
      RC_ASSERT(child->attempt.attempt == ++attempts[child->attempt.instance]);
      RC_ASSERT(children.insert(child->run_id).second); // none twice
      take_token(child->attempt);
    }
    if (const auto* second = std::get_if<step_speculated>(&happened.what)) {
      RC_ASSERT(!completed.contains(second->attempt.instance));
      take_token(second->attempt);
      RC_ASSERT(second->attempt.attempt == ++attempts[second->attempt.instance]);
      RC_ASSERT(second->beside < second->attempt.attempt);
    }
    if (const auto* decided = std::get_if<step_decided>(&happened.what);
        decided && decided->skipped)
      RC_ASSERT(skipped.insert(decided->instance).second);
    if (const auto* done = std::get_if<step_completed>(&happened.what))
      RC_ASSERT(completed.insert(done->attempt.instance).second);
  }
  /// At most two attempts of an instance, and of those that are running one at least.
  static void look_at_flights(const driver& run) {
    std::map<instance_id, std::size_t> flying;
    for (const attempt_id& each : run.state.in_flight()) {
      RC_ASSERT(run.state.is_current(each));
      RC_ASSERT(++flying[each.instance] <= 2u);
      RC_ASSERT(run.state.attempt_of(each.instance).has_value());
    }
    for (const attempt_id& each : run.state.in_flight())
      RC_ASSERT(run.state.other_of(each).has_value() == (flying[each.instance] == 2));
    const auto& steps = run.state.workflow()->steps;
    if (run.state.closed() || run.state.compensating()) return;
    for (std::size_t at = 0; at < steps.size(); ++at)
      for (std::uint32_t i = 0; i < run.state.instance_count(at); ++i)
        RC_ASSERT((run.state.state_of(at).instances[i].status == instance_status::running) ==
                  flying.contains({steps[at].id, i}));
  }
  static void look_at_step(const driver& run, std::size_t at) {
    const step& from = run.state.workflow()->steps[at];
    const step_state& state = run.state.state_of(at);
    std::size_t active = 0;
    for (std::uint32_t i = 0; i < state.instances.size(); ++i) {
      const auto status = state.instances[i].status;
      const bool at_work = status == instance_status::running ||
                           status == instance_status::wanted || status == instance_status::waiting;
      active += at_work ? 1 : 0;
      if (!at_work && status != instance_status::completed) continue;
      for (const dependency& need : from.needs) {
        const step_state& needed = run.state.state_of(need.step);
        if (!need.same_index) RC_ASSERT(needed.done);
        if (need.same_index || need.reads_reply) {
          const auto there = needed.instances[need.same_index ? i : 0].status;
          RC_ASSERT(there == instance_status::completed ||
                    ((there == instance_status::skipped || there == instance_status::failed) &&
                     !need.reads_reply));
        }
      }
    }
    for (const dependency& need : from.needs)
      RC_ASSERT(!state.done || run.state.state_of(need.step).done);
    RC_ASSERT(active == state.active);
    RC_ASSERT(from.parallelism == 0 || active <= from.parallelism);
  }
};

/// The instances that wait for an attempt, after one.
std::vector<instance_id> waiting_in(const driver& run) {
  std::vector<instance_id> made;
  const auto& steps = run.state.workflow()->steps;
  for (std::size_t at = 0; at < steps.size(); ++at)
    for (std::uint32_t i = 0; i < run.state.instance_count(at); ++i)
      for (const instance_id& name :
           {instance_id{steps[at].id, i}, instance_id{steps[at].id, i, true}})
        if (run.state.awaits_attempt(name)) made.push_back(name);
  return made;
}

/// Of the attempts that agents have, those that are waited for.
std::vector<std::uint64_t> some_of(const driver& run) {
  std::vector<std::uint64_t> made;
  for (const attempt_id& each : run.state.in_flight())
    if (run.state.definition_of(each.instance).kind == step_kind::agent &&
        *rc::gen::inRange(0, 2) == 0)
      made.push_back(each.token);
  return made;
}

/// Seldom: somebody cancels the run, or the time of an instance or of the run is over. @returns whether it was so.
bool random_end(driver& run) {
  switch (*rc::gen::inRange(0, 100)) {
  case 0:
    if (run.state.compensating()) return false;
    if (run.state.must_compensate())
      return run.record(run_compensating{std::nullopt, "enough"}), true;
    return run.record(run_cancelled{"enough"}), true;
  case 1:
    if (const auto waiting = waiting_in(run); !waiting.empty())
      return run.record(
                 step_timed_out{*rc::gen::elementOf(waiting), {"workflow.timeout", "", false}}),
             true;
    return false;
  case 3:
    if (run.state.turning_back()) return false;
    return run.record(run_cancelling{"enough", run.now, some_of(run)}), true;
  case 2:
    if (run.state.due())
      return run.record(run_timed_out{{"run.deadline_exceeded", "", false}}), true;
    return false;
  default:
    return false;
  }
}

/// One random thing that can happen now. `calm`: only what leads to an end.
void random_event(driver& run, bool calm) {
  if (!calm && random_end(run)) return;
  const auto flying = run.state.in_flight();
  const int what = calm ? 9 : *rc::gen::inRange(0, 12);
  if (what == 0) return run.record(run_recovered{"again"});
  if (what == 10 && run.state.signal_type("go")) return run.send("go"); // awaited or not
  if (!run.timers.empty() && ((flying.empty() && run.waits.empty()) || what == 11))
    return run.fire_timer(
        static_cast<std::size_t>(*rc::gen::inRange<std::size_t>(0, run.timers.size())));
  if (flying.empty() && run.waits.empty() && !run.awaited().empty()) return run.send(run.awaited());
  if (!run.waits.empty() && (flying.empty() || what == 1))
    return run.fire(static_cast<std::size_t>(*rc::gen::inRange<std::size_t>(0, run.waits.size())));
  RC_ASSERT(!flying.empty()); // else the run would hang
  const attempt_id& chosen = *rc::gen::elementOf(flying);
  run.now += std::chrono::milliseconds{*rc::gen::inRange(0, 2'000)};
  if (what == 2 || what == 3) return run.fail_attempt(chosen, {"x.busy", "", true});
  if ((what == 4 || what == 5) && run.state.may_have_second(chosen))
    return (void)run.speculate(chosen);
  if (what == 6 && run.state.may_be_preempted(chosen))
    return run.record(step_preempted{chosen, nullptr, "other/a/0"});
  if (what == 7 && run.state.definition_of(chosen.instance).kind != step_kind::child)
    return run.record(step_lost{chosen, "n1", 1});
  if (run.state.definition_of(chosen.instance).kind == step_kind::child)
    return run.complete(chosen.instance,
                        listing(static_cast<std::size_t>(*rc::gen::inRange(0, 5))));
  const auto request = run.state.request(chosen.instance);
  RC_ASSERT(request.has_value());
  run.complete_attempt(chosen, random_reply(**request));
}

definition_ptr compiled(const v1::WorkflowDefinition& source) {
  static const known_agents agents;
  const auto made = compile_definition(source, &agents);
  if (!made) RC_FAIL(to_string(made.error()));
  return *made;
}

driver random_run() {
  driver run;
  watcher eyes;
  run_started start{"r", compiled(random_definition()), {}};
  if (*rc::gen::inRange(0, 2) == 0) start.deadline = std::chrono::seconds{10};
  run.record(std::move(start));
  eyes.look(run, 0);
  for (int i = 0; !run.state.closed(); ++i) {
    RC_ASSERT(i < 2'000);
    const std::size_t seen = run.history.size();
    random_event(run, i > 200);
    eyes.look(run, seen);
  }
  return run;
}

} // namespace

BOOST_AUTO_TEST_CASE(runs_end_in_order_and_within_bounds) {
  BOOST_TEST(rc::check("every run ends; needs, bounds, tokens and once-only hold after every event",
                       [] { (void)random_run(); }));
}

BOOST_AUTO_TEST_CASE(statuses_change_as_the_tables_say) {
  observed instances;
  observed runs;
  for (const auto& each : instance_transitions())
    instances.emplace(name_of(each.from), each.on, name_of(each.to));
  for (const auto& each : run_transitions())
    runs.emplace(v1::RunStatus_Name(each.from), each.on, v1::RunStatus_Name(each.to));
  BOOST_TEST(rc::check("every change of a status is in the tables", [&] {
    observed here;
    observed of_run;
    observe(random_run().history, here, of_run);
    for (const auto& each : here)
      RC_ASSERT(instances.contains(each));
    for (const auto& each : of_run)
      RC_ASSERT(runs.contains(each));
  }));
}

BOOST_AUTO_TEST_CASE(a_whole_history_is_what_this_build_would_record) {
  BOOST_TEST(rc::check("no history diverges from itself", [] {
    std::vector<v1::Event> history;
    for (const event& each : random_run().history)
      history.push_back(encode(each));
    const auto found = first_divergence(history);
    if (found) RC_FAIL(found->recorded + " | " + found->expected + " | " + found->why);
  }));
}

BOOST_AUTO_TEST_CASE(a_prefix_gives_the_same_state_and_commands) {
  BOOST_TEST(rc::check("replaying any prefix, through the wire, gives the same state", [] {
    const driver run = random_run();
    const auto cut = *rc::gen::inRange<std::size_t>(1, run.history.size() + 1);
    machine one;
    machine two;
    for (std::size_t i = 0; i < cut; ++i) {
      const auto first = one.apply(run.history[i]);
      const auto decoded = decode(encode(run.history[i]));
      RC_ASSERT(first.has_value());
      RC_ASSERT(decoded.has_value());
      const auto second = two.apply(*decoded);
      RC_ASSERT(second.has_value());
      RC_ASSERT(first->size() == second->size());
      for (std::size_t j = 0; j < first->size(); ++j) {
        RC_ASSERT((*first)[j].index() == (*second)[j].index());
        if (const auto* wanted = std::get_if<schedule_attempt>(&(*first)[j]))
          RC_ASSERT(*wanted == std::get<schedule_attempt>((*second)[j]));
        if (const auto* wait = std::get_if<start_retry_timer>(&(*first)[j]))
          RC_ASSERT(*wait == std::get<start_retry_timer>((*second)[j]));
      }
    }
    RC_ASSERT(one.summary().SerializeAsString() == two.summary().SerializeAsString());
    RC_ASSERT(one.in_flight() == two.in_flight());
  }));
}

BOOST_AUTO_TEST_CASE(any_prefix_can_be_taken_over) {
  BOOST_TEST(
      rc::check("after any prefix a recovery leads to an end, and completes nothing twice", [] {
        const driver whole = random_run();
        const auto cut = *rc::gen::inRange<std::size_t>(1, whole.history.size() + 1);
        driver run;
        watcher eyes;
        for (std::size_t i = 0; i < cut; ++i) {
          run.history.push_back(whole.history[i]);
          must(run.state.apply(whole.history[i]));
        }
        eyes.look(run, 0);
        run.now = whole.history[cut - 1].time;
        if (run.state.closed()) return;
        run.record(run_recovered{"me"});
        eyes.look(run, cut);
        for (int i = 0; !run.state.closed(); ++i) {
          RC_ASSERT(i < 2'000);
          const std::size_t seen = run.history.size();
          random_event(run, true);
          eyes.look(run, seen);
        }
      }));
}

BOOST_AUTO_TEST_CASE(definitions_survive_the_wire) {
  BOOST_TEST(rc::check("a checked definition is read again without its agents", [] {
    const auto made = compiled(random_definition());
    const auto again = compile_definition(made->source, nullptr);
    RC_ASSERT(again.has_value());
    RC_ASSERT((*again)->steps.size() == made->steps.size());
    for (std::size_t i = 0; i < made->steps.size(); ++i) {
      RC_ASSERT((*again)->steps[i].reply == made->steps[i].reply);
      RC_ASSERT((*again)->steps[i].needs.size() == made->steps[i].needs.size());
    }
  }));
}

BOOST_AUTO_TEST_SUITE_END()
