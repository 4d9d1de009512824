#include "actors/workflow/durations.hpp"
#include "actors/workflow/errors.hpp"
#include "actors/workflow/inputs.hpp"
#include "tests/actors/workflow/support.hpp"

using namespace troupe;
using namespace troupe::test;

BOOST_AUTO_TEST_SUITE(workflow_inputs)

namespace {
definition_ptr declared() {
  return load("name: w\ninputs:\n  text: { type: string }\n  count: { type: integer, default: 3 }\n"
              "  rate: { type: number, default: 1 }\n  on: { type: boolean, default: true }\n"
              "steps: { a: { agent: files.list, input: { folder: "
              "\"${inputs.text}/${inputs.count}/${inputs.rate}/${inputs.on}\" } } }\n");
}
} // namespace

BOOST_AUTO_TEST_CASE(texts_are_typed_and_defaults_filled_in) {
  const auto workflow = declared();
  const std::vector<std::string> given{"text=a=b", "rate=2.5"};
  const auto values = must(parse_inputs(*workflow, given));
  BOOST_TEST(std::get<std::string>(values.at("text")) == "a=b");
  BOOST_TEST(std::get<std::int64_t>(values.at("count")) == 3);
  BOOST_TEST(std::get<double>(values.at("rate")) == 2.5);
  machine state;
  must(state.apply({1, at(0), run_started{"r", workflow, values}}));
  const auto request = state.request({"a", 0});
  BOOST_TEST(dynamic_cast<const v1::ListFilesRequest&>(**request).folder() == "a=b/3/2.5/true");
}

BOOST_AUTO_TEST_CASE(all_mistakes_are_named) {
  const std::vector<std::string> given{"count=x", "raet=1", "nonsense", "on=yes",
                                       "count=99999999999999999"};
  const auto values = parse_inputs(*declared(), given);
  BOOST_REQUIRE(!values);
  BOOST_TEST((values.error().code == workflow_errc::bad_input));
  BOOST_TEST(values.error().context ==
             "input 'count' must be a whole number up to 2^53, not 'x'\n"
             "unknown input 'raet' of workflow 'w'; did you mean 'rate'?\n"
             "'nonsense' is no input; write NAME=VALUE\n"
             "input 'on' must be true or false, not 'yes'\n"
             "input 'count' must be a whole number up to 2^53, not '99999999999999999'\n"
             "input 'count' is given twice\n"
             "input 'text' of workflow 'w' is missing; give text=text in UTF-8");
}

BOOST_AUTO_TEST_CASE(typed_inputs_are_converted_or_refused) {
  const auto workflow = declared();
  const auto values = must(complete_inputs(*workflow, {{"text", "x"}, {"rate", std::int64_t{4}}}));
  BOOST_TEST(std::get<double>(values.at("rate")) == 4.0);
  BOOST_TEST(!complete_inputs(*workflow, {{"text", true}}));
  BOOST_TEST(!complete_inputs(*workflow, {{"text", "\xff"}}));
}

BOOST_AUTO_TEST_CASE(durations) {
  using namespace std::chrono_literals;
  BOOST_TEST((parse_duration("200ms") == 200ms));
  BOOST_TEST((parse_duration("1.5s") == 1500ms));
  BOOST_TEST((parse_duration("1h30m") == 90min));
  BOOST_TEST((parse_duration("0s") == 0ns));
  for (const char* bad :
       {"", "5", "s", "-1s", "1x", "1s ", "1e3s", "inf", "nans", "99999999d", "1ss"})
    BOOST_TEST_CONTEXT(bad) {
      BOOST_TEST(!parse_duration(bad));
    }
  for (const std::chrono::nanoseconds length :
       {std::chrono::nanoseconds{1500ms}, std::chrono::nanoseconds{20ms},
        std::chrono::nanoseconds{2h}, 1ns, 999'999'999ns, 123'456'789s + 123'456'789ns})
    BOOST_TEST((parse_duration(format_duration(length)) == length), format_duration(length));
}

BOOST_AUTO_TEST_SUITE_END()
