#include "actors/workflow/condition_syntax.hpp"
#include "actors/workflow/errors.hpp"
#include "actors/workflow/event_codec.hpp"
#include "tests/actors/workflow/driver.hpp"

using namespace troupe;
using namespace troupe::test;

BOOST_AUTO_TEST_SUITE(workflow_when)

namespace {

std::map<std::string, std::string> statuses(const driver& run) {
  std::map<std::string, std::string> made;
  const auto summary = run.state.summary();
  for (const auto& each : summary.steps())
    made[each.step() + "[" + std::to_string(each.index()) + "]"] =
        v1::StepStatus_Name(each.status()).substr(std::string{"STEP_STATUS_"}.size());
  return made;
}

void check_statuses(const driver& run, const std::map<std::string, std::string>& expected) {
  const auto found = statuses(run);
  for (const auto& [name, status] : expected)
    BOOST_TEST((found.contains(name) && found.at(name) == status),
               name << " is " << (found.contains(name) ? found.at(name) : "not there")
                    << " instead of " << status);
  BOOST_TEST(found.size() == expected.size());
}

/// Whether the condition holds for these inputs.
bool holds(const std::string& condition, std::int64_t n, double x, const std::string& text,
           bool on) {
  std::string quoted;
  for (const char c : condition)
    quoted += c == '\'' ? std::string{"''"} : std::string{c};
  driver run{load("name: w\ninputs: { n: integer, x: number, text: string, on: boolean }\n"
                  "steps: { a: { agent: files.list, when: '" +
                  quoted + "' } }\n"),
             {{"n", n}, {"x", x}, {"text", text}, {"on", on}}};
  return !run.state.closed();
}

} // namespace

BOOST_AUTO_TEST_CASE(conditions_hold_or_not) {
  const struct {
    const char* condition;
    bool expected;
  } cases[] = {
      {"${inputs.on}", true},
      {"not ${inputs.on}", false},
      {"!${inputs.on}", false},
      {"true", true},
      {"false", false},
      {"${inputs.n} == 3", true},
      {"${inputs.n}==3&&${inputs.on}", true},
      {"${inputs.n} != 3", false},
      {"${inputs.n} < 3.5 and ${inputs.n} > 2.5", true},
      {"${inputs.n} >= 3 and 3 <= ${inputs.n}", true},
      {"${inputs.n} > -1", true},
      {"${inputs.x} == 0.5", true},
      {"${inputs.x} < ${inputs.n}", true},
      {"${inputs.x} > 1e-3", true},
      {"${inputs.text} == 'it''s'", true},
      {"${inputs.text} < 'j'", true},
      {"${inputs.text} == ''", false},
      {"${inputs.on} == true", true},
      {"${inputs.on} != (1 < 2)", false},
      {"false and false or true", true}, // and binds tighter
      {"false and (false or true)", false},
      {"not false or true", true}, // not binds tighter than or
      {"not (false or true)", false},
      {"not ${inputs.n} == 4", true}, // and looser than ==
      {"not not true", true},
      {"false || false || true", true},
  };
  for (const auto& each : cases)
    BOOST_TEST_CONTEXT(each.condition) {
      BOOST_TEST(holds(each.condition, 3, 0.5, "it's", true) == each.expected);
    }
}

BOOST_AUTO_TEST_CASE(whole_numbers_and_fractions_are_compared_exactly) {
  constexpr std::int64_t big = std::int64_t{1} << 53;
  BOOST_TEST(holds("${inputs.n} == 9007199254740992", big, 0, "", true));
  BOOST_TEST(holds("${inputs.n} < 9007199254740993", big, 0, "", true)); // one and the same double
  BOOST_TEST(holds("${inputs.n} < 9007199254740993.5", big, 0, "", true));
  BOOST_TEST(holds("${inputs.x} < 9223372036854775807", 0, 0x1p62, "", true));
  BOOST_TEST(!holds("${inputs.x} < 9223372036854775807", 0, 0x1p63, "", true));
  BOOST_TEST(holds("${inputs.x} > 9223372036854775807", 0, 0x1p63, "", true));
  BOOST_TEST(holds("${inputs.x} > -3 and ${inputs.x} < -2", 0, -2.5, "", true));
}

BOOST_AUTO_TEST_CASE(a_skipped_step_lets_others_go_on) {
  driver run{load("name: w\ninputs: { go: boolean }\nsteps:\n"
                  "  a: { agent: files.read, when: \"${inputs.go}\" }\n"
                  "  list: { agent: files.list, when: \"${inputs.go}\" }\n"
                  "  after: { agent: files.list, needs: [a] }\n"
                  "  reader: { agent: files.read, input: { path: \"x${steps.a.path}\" } }\n"
                  "  over: { agent: files.read, for_each: \"${steps.list.files}\" }\n"
                  "  last: { agent: files.list, needs: [over, reader] }\n"),
             {{"go", false}}};
  check_statuses(run, {{"a[0]", "SKIPPED"},
                       {"list[0]", "SKIPPED"},
                       {"after[0]", "RUNNING"},
                       {"reader[0]", "SKIPPED"},
                       {"last[0]", "RUNNING"}});
  const auto summary = run.state.summary();
  BOOST_TEST(summary.steps(0).skip_reason() == "its condition is false: ${inputs.go}");
  BOOST_TEST(summary.steps(3).skip_reason() == "it reads step 'a', which was skipped");
  run.complete_all();
  BOOST_TEST(run.state.status() == v1::RUN_STATUS_COMPLETED);
}

BOOST_AUTO_TEST_CASE(a_run_of_skipped_steps_completes) {
  driver run{load("name: w\nsteps:\n  a: { agent: files.list, when: \"false\" }\n"
                  "  b: { agent: files.read, for_each: \"${steps.a.files}\", when: \"true\" }\n"),
             {}};
  BOOST_TEST(run.state.status() == v1::RUN_STATUS_COMPLETED);
  BOOST_TEST(run.history.size() == 3u); // started, decided, completed
}

BOOST_AUTO_TEST_CASE(instances_are_decided_one_by_one) {
  driver run{
      load("name: w\nsteps:\n  list: { agent: files.list }\n"
           "  read: { agent: files.read, for_each: \"${steps.list.files}\", when: "
           "\"${item.size_bytes} != 101 and ${index} < 3\", input: { path: \"${item.path}\", "
           "name: \"${item.name}\" } }\n"
           "  ner: { agent: ner.extract, for_each: \"${steps.read}\", input: { text: "
           "\"${item.text}\", name: \"${item.name}\" } }\n"
           "  free: { agent: files.list, for_each: \"${steps.list.files}\", needs: [read] }\n"
           "  report: { agent: report.write, input: { documents: \"${steps.read}\", entities: "
           "\"${steps.ner}\" } }\n"),
      {}};
  run.complete({"list", 0}, listing(4));
  check_statuses(run, {{"list[0]", "COMPLETED"},
                       {"read[0]", "RUNNING"},
                       {"read[1]", "SKIPPED"},
                       {"read[2]", "RUNNING"},
                       {"read[3]", "SKIPPED"},
                       {"ner[0]", "PENDING"},
                       {"ner[1]", "SKIPPED"},
                       {"ner[2]", "PENDING"},
                       {"ner[3]", "SKIPPED"},
                       {"free[0]", "PENDING"},
                       {"free[1]", "RUNNING"},
                       {"free[2]", "PENDING"},
                       {"free[3]", "RUNNING"},
                       {"report[0]", "PENDING"}});
  while (run.state.state_of(4).instances[0].status == instance_status::blocked)
    run.complete(run.state.in_flight().front().instance);
  const auto request = run.state.request({"report", 0});
  BOOST_REQUIRE(request);
  const auto& built = dynamic_cast<const v1::WriteReportRequest&>(**request);
  BOOST_REQUIRE(built.documents_size() == 2); // those that were skipped are left out
  BOOST_TEST(built.documents(1).name() == "d2");
  BOOST_TEST(built.entities_size() == 2);
  run.complete_all();
  BOOST_TEST(run.state.status() == v1::RUN_STATUS_COMPLETED);
}

BOOST_AUTO_TEST_CASE(a_condition_is_a_dependency) {
  driver run{load("name: w\nsteps:\n  first: { agent: files.read }\n"
                  "  then: { agent: files.list, when: \"${steps.first.size_bytes} == 0\" }\n"),
             {}};
  check_statuses(run, {{"first[0]", "RUNNING"}, {"then[0]", "PENDING"}});
  run.complete({"first", 0});
  check_statuses(run, {{"first[0]", "COMPLETED"}, {"then[0]", "RUNNING"}});
}

BOOST_AUTO_TEST_CASE(an_enumeration_is_compared_by_its_names) {
  for (const auto& [condition, skipped] : {std::pair{"${run.status} == 'running'", false},
                                           {"${run.status} == 'RUN_STATUS_FAILED'", true},
                                           {"'failed' != ${run.status}", false}})
    BOOST_TEST_CONTEXT(condition) {
      driver run{load(std::string{"name: w\nsteps: { a: { agent: files.list, when: \""} +
                      condition + "\" } }\n"),
                 {}};
      BOOST_TEST(run.state.closed() == skipped);
    }
}

BOOST_AUTO_TEST_CASE(a_replay_evaluates_nothing) {
  const auto workflow = load("name: w\ninputs: { go: boolean }\nsteps:\n"
                             "  a: { agent: files.list, when: \"${inputs.go}\" }\n");
  // What was decided stands, whatever this build would decide.
  machine state;
  must(state.apply({1, at(0), run_started{"r", workflow, {{"go", true}}}}));
  const auto wanted = must(state.apply({2, at(0), step_decided{{"a", 0}, true}}));
  BOOST_REQUIRE(wanted.size() == 1u);
  BOOST_TEST(std::holds_alternative<complete_run>(wanted[0]));
}

BOOST_AUTO_TEST_CASE(decisions_that_do_not_fit_are_refused) {
  driver run{load("name: w\nsteps:\n  a: { agent: files.read, when: \"false\" }\n"
                  "  b: { agent: files.read, input: { path: \"${steps.a.path}x\" } }\n"
                  "  c: { agent: files.list }\n"),
             {}};
  machine state;
  must(state.apply(run.history[0]));
  const auto refused = [&](const step_decided& what) {
    return !state.apply({state.version() + 1, run.now, what});
  };
  BOOST_TEST(refused({{"c", 0}, true}));
  BOOST_TEST(refused({{"b", 0}, true})); // not yet
  BOOST_TEST(refused({{"nowhere", 0}, true}));
  must(state.apply({2, run.now, step_decided{{"a", 0}, true}}));
  BOOST_TEST(refused({{"a", 0}, true}));
  BOOST_TEST(refused({{"b", 0}, false})); // it would read what is not there
  BOOST_TEST(!refused({{"b", 0}, true}));
}

BOOST_AUTO_TEST_CASE(an_open_decision_is_taken_up_by_the_next_owner) {
  const auto workflow = load("name: w\nsteps: { a: { agent: files.list, when: \"true\" } }\n");
  driver run;
  must(run.state.apply({1, at(0), run_started{"r", workflow, {}}}));
  run.record(run_recovered{"next"});
  run.complete_all();
  BOOST_TEST(run.state.status() == v1::RUN_STATUS_COMPLETED);
}

// --- mistakes ------------------------------------------------------------------------------------

namespace {

std::string mistake_in(const std::string& yaml) {
  const auto loaded = load_definition(yaml, "w.yaml", known_agents{});
  return loaded ? "" : to_string(loaded.error());
}

} // namespace

BOOST_AUTO_TEST_CASE(mistakes_have_their_place_inside_the_expression) {
  // The condition begins in line 3, column 41.
  const struct {
    const char* condition;
    std::string expected;
  } cases[] = {
      {"", "3:40: error: the condition is empty; write one, or leave 'when' out"},
      {"${inputs.n}", "3:41: error: a condition is true or false, but ${inputs.n} is integer; "
                      "compare it, e.g. ${inputs.n} > 0"},
      {"'x'", "3:41: error: a condition is true or false, but 'x' is string; compare it, e.g. 'x' "
              "== 'text'"},
      {"${inputs.n} = 3", "3:53: error: '=' compares nothing; write '=='"},
      {"${inputs.n} == ", "3:56: error: the condition ends where a value is missing; write a "
                          "reference (${...}), a number, a 'text', true or false"},
      {"(${inputs.n} > 3", "3:41: error: this '(' is not closed; add ')'"},
      {"${inputs.n} > 3)", "3:56: error: this ')' closes nothing; remove it, or add its '('"},
      {"${inputs.n} > 3 4",
       "3:57: error: '4' is not expected here; join conditions with 'and' or 'or'"},
      {"(${inputs.n} > 3 4)", "3:58: error: '4' is not expected here; close the '(' with ')', or "
                              "join conditions with 'and' or 'or'"},
      {"1 < ${inputs.n} < 3",
       "3:57: error: comparisons do not chain; write A < B and B < C, or use parentheses"},
      {"${inputs.n} > foo", "3:55: error: 'foo' is no value; write a reference (${...}), a number, "
                            "a 'text', true or false"},
      {"${inputs.n} > 12x", "3:55: error: '12x' is no number that a condition takes; write e.g. "
                            "12, -3 or 1.5, whole numbers within 64 bits"},
      {"${inputs.n} > 99999999999999999999",
       "3:55: error: '99999999999999999999' is no number that a condition takes; write e.g. 12, -3 "
       "or 1.5, whole numbers within 64 bits"},
      {"${inputs.n} > 'x",
       "3:55: error: text without its closing quote; add ' (a quote inside it is written '')"},
      {"${inputs.n > 3", "3:41: error: reference without its closing '}'; add it"},
      {"${inputs.n} > 3 and ${input.n} > 3",
       "3:61: error: unknown reference '${input.n}'; write ${inputs.NAME}, ${steps.ID}, "
       "${steps.ID.field}, ${item}, ${item.field}, ${index} or ${run}"},
      {"true and ${inputs.m} > 3", "3:50: error: unknown input 'm'; did you mean 'n'?"},
      {"true and ${steps.lst.files}", "3:50: error: unknown step 'lst'; did you mean 'list'?"},
      {"true and ${steps.list.file}", "3:50: error: '${steps.list.file}': troupe.v1.ListFilesReply "
                                      "has no field 'file'; did you mean 'files'?"},
      {"true and ${steps.list.files}",
       "3:50: error: ${steps.list.files} is list of troupe.v1.FileInfo, which a condition cannot "
       "look at; refer to one of its fields that is a number, a text, a boolean or an enumeration"},
      {"true and ${steps.a.path} == 'x'",
       "3:50: error: step 'a' refers to itself; refer to another step, or to an input"},
      {"true and ${item.path} == 'x'",
       "3:50: error: '${item.path}' has a meaning only in the input or the condition of a step "
       "with for_each; add for_each to the step, or refer to something else"},
      {"${inputs.n} == 'x'", "3:53: error: ${inputs.n} is integer, but 'x' is string; compare "
                             "numbers with numbers, texts with texts, booleans with booleans, and "
                             "an enumeration with the name of its value as a 'text'"},
      {"true < false", "3:46: error: values of boolean have no order; compare them with == or !="},
      {"true and ${inputs.n}", "3:50: error: 'and' takes what is true or false, but ${inputs.n} is "
                               "integer; compare it, e.g. ${inputs.n} > 0"},
      {"not 'x'", "3:45: error: 'not' takes what is true or false, but 'x' is string; compare it, "
                  "e.g. 'x' == 'text'"},
      {"${run.status} == 'runing'",
       "3:58: error: 'runing' is no value of troupe.v1.RunStatus; known are: "
       "RUN_STATUS_UNSPECIFIED, RUN_STATUS_RUNNING, RUN_STATUS_COMPLETED, RUN_STATUS_FAILED, "
       "RUN_STATUS_CANCELLED, RUN_STATUS_COMPENSATING"},
  };
  for (const auto& each : cases)
    BOOST_TEST_CONTEXT(each.condition) {
      BOOST_TEST(mistake_in(std::string{"name: w\ninputs: { n: integer }\nsteps: { a: { agent: "
                                        "files.read, when: \""} +
                            each.condition + "\" },\n  list: { agent: files.list } }\n") ==
                 "w.yaml:" + each.expected);
    }
}

BOOST_AUTO_TEST_CASE(places_are_right_in_every_way_of_writing) {
  const std::string head = "name: w\ninputs: { n: integer }\nsteps:\n  a:\n    agent: files.list\n";
  const struct {
    const char* what;
    std::string when;
    std::string place;
  } cases[] = {
      {"plain", "    when: true and ${inputs.m} > 3\n", "6:20"},
      {"single quotes", "    when: '''x'' == ''y'' and ${inputs.m} > 3'\n", "6:31"},
      {"double quotes", "    when: \"true\\tand ${inputs.m} > 3\"\n", "6:22"},
      {"plain over lines", "    when: true\n      and\n        ${inputs.m} > 3\n", "8:9"},
      {"folded block", "    when: >-\n      true and\n      ${inputs.m} > 3\n", "8:7"},
      {"literal block", "    when: |\n      true\n        and ${inputs.m} > 3\n", "8:13"},
  };
  for (const auto& each : cases)
    BOOST_TEST_CONTEXT(each.what) {
      BOOST_TEST(mistake_in(head + each.when) ==
                 "w.yaml:" + each.place + ": error: unknown input 'm'; did you mean 'n'?");
    }
}

BOOST_AUTO_TEST_CASE(conditions_are_bounded) {
  const auto refused = [](const std::string& text) {
    const auto parsed = parse_condition(text);
    return parsed ? "" : parsed.error().message;
  };
  BOOST_TEST(refused(std::string(31, '(') + "true" + std::string(31, ')')) == "");
  BOOST_TEST(refused(std::string(4'000, '(')) ==
             "nested deeper than 32 levels; simplify the condition");
  BOOST_TEST(refused(std::string(4'000, '!') + "x") ==
             "nested deeper than 32 levels; simplify the condition");
  std::string wide = "true";
  while (wide.size() < 4'000)
    wide += " or true";
  BOOST_TEST(refused(wide) == "");
  BOOST_TEST(refused(wide + wide).starts_with("the condition has "));
}

BOOST_AUTO_TEST_CASE(a_cycle_through_a_condition_is_seen) {
  BOOST_TEST(
      mistake_in("name: w\nsteps:\n  a: { agent: files.list, when: \"${steps.b.path} == ''\" }\n"
                 "  b: { agent: files.read, needs: [a] }\n") ==
      "w.yaml:3:3: error: steps need each other in a circle: a -> b -> a; remove one of "
      "these needs or references");
}

BOOST_AUTO_TEST_SUITE_END()
