#include "actors/workflow/replay_check.hpp"

#include "actors/workflow/event_codec.hpp"
#include "tests/actors/workflow/driver.hpp"

namespace troupe::workflow {
namespace {

using namespace troupe::test;

std::vector<v1::Event> stored(const driver& run) {
  std::vector<v1::Event> made;
  for (const event& each : run.history)
    made.push_back(encode(each));
  return made;
}

/// Without one event; those after it keep the order of their numbers.
std::vector<v1::Event> without(std::vector<v1::Event> history, std::size_t position) {
  history.erase(history.begin() + static_cast<std::ptrdiff_t>(position));
  for (std::size_t i = position; i < history.size(); ++i)
    history[i].set_sequence(i + 1);
  return history;
}

std::string text(const std::optional<divergence>& found) {
  if (!found) return "same";
  return std::to_string(found->sequence) +
         (found->what == divergence::kind::refused ? " refused: " : " differs: ") +
         found->recorded + " | " + found->expected + " | " + found->why;
}

/// Two steps in a row, the first with a condition and a retry.
driver two_steps() {
  return {load("name: w\n"
               "inputs: { folder: { type: string } }\n"
               "steps:\n"
               "  a: { agent: files.list, input: { folder: \"${inputs.folder}\" }, when: "
               "\"${inputs.folder} != 'no'\",\n"
               "       retry: { maximum_attempts: 2, initial_interval: 5s } }\n"
               "  b: { agent: files.list, needs: [a], input: { folder: there } }\n"),
          {{"folder", "in"}}};
}

BOOST_AUTO_TEST_SUITE(replay_check)

BOOST_AUTO_TEST_CASE(what_this_build_has_recorded_is_the_same) {
  driver run = two_steps();
  run.fail({"a", 0}, {"x.y", "once", true});
  run.fire(0);
  BOOST_TEST(text(first_divergence(stored(run))) == "same");
  run.record(run_recovered{"other"});
  run.complete_all();
  BOOST_TEST(text(first_divergence(stored(run))) == "same");
}

BOOST_AUTO_TEST_CASE(another_decision_differs) {
  driver run = two_steps();
  auto history = stored(run);
  BOOST_REQUIRE(history[1].has_step_decided());
  history[1].mutable_step_decided()->set_skipped(true);
  history.resize(2);
  BOOST_TEST(text(first_divergence(history)) ==
             "2 differs: step_decided a[0] skipped | step_decided a[0] to be done | ");
}

BOOST_AUTO_TEST_CASE(another_retry_differs) {
  driver run = two_steps();
  run.fail({"a", 0}, {"x.y", "once", true});
  auto history = stored(run);
  auto& failed = *history.back().mutable_step_failed();
  failed.mutable_retry_time()->set_seconds(failed.retry_time().seconds() + 60);
  const auto later = first_divergence(history);
  BOOST_REQUIRE(later);
  BOOST_TEST(later->recorded ==
             "step_failed a[0] attempt 1 token 1: x.y, tried again 65.000 s later");
  BOOST_TEST(later->expected ==
             "step_failed a[0] attempt 1 token 1: x.y, tried again 5.000 s later");
  failed.clear_retry_time();
  BOOST_TEST(text(first_divergence(history)) ==
             "4 differs: step_failed a[0] attempt 1 token 1: x.y, for good | "
             "step_failed a[0] attempt 1 token 1: x.y, tried again | ");
}

BOOST_AUTO_TEST_CASE(an_end_too_early_differs) {
  driver run = two_steps();
  run.complete_all();
  auto history = stored(run);
  history.pop_back();
  BOOST_TEST(text(first_divergence(history)) ==
             std::to_string(run.history.size()) + " differs:  | run_completed | ");
}

BOOST_AUTO_TEST_CASE(what_fits_no_state_is_refused) {
  driver run = two_steps();
  run.complete_all();
  const auto history = stored(run);
  const auto gap = without(history, 2);
  BOOST_TEST(text(first_divergence(gap)).starts_with("3 differs: step_completed a[0] attempt 1"));
  auto numbered = history;
  numbered[3].set_sequence(9);
  BOOST_TEST(text(first_divergence(numbered)) ==
             "9 refused: step_completed a[0] attempt 1 token 1 |  | event 9 where 4 was due");
  auto unknown = history;
  unknown[3].clear_kind();
  BOOST_TEST(
      text(first_divergence(unknown)).starts_with("4 refused: nothing that this build knows"));
  auto broken = history;
  broken[0].mutable_run_started()->mutable_definition()->clear_steps();
  BOOST_TEST(text(first_divergence(broken)).starts_with("1 refused: run_started"));
  BOOST_TEST(text(first_divergence({})) == "1 refused:  |  | the history is empty");
}

BOOST_AUTO_TEST_CASE(every_event_left_out_is_found) {
  driver run{load(main_job), {{"folder", "in"}, {"output", "out"}}};
  run.complete_all();
  const auto history = stored(run);
  BOOST_TEST(text(first_divergence(history)) == "same");
  for (std::size_t i = 0; i < history.size(); ++i)
    BOOST_TEST((first_divergence(without(history, i)) != std::nullopt), "without event " << i + 1);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe::workflow
