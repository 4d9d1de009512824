#include "tests/actors/runtime/support.hpp"

#include <memory>
#include <string>
#include <vector>

namespace {

using namespace troupe;
using namespace troupe::test;

const std::string ten(10, 'x');

std::size_t size_of(const std::string& value) {
  return make_text(value).ByteSizeLong();
}

BOOST_AUTO_TEST_SUITE(runtime_mailbox)

BOOST_AUTO_TEST_CASE(bytes_that_wait_are_bounded_and_the_sender_sees_it) {
  stage stage;
  agent_options options;
  options.max_waiting_bytes = 2 * size_of(ten) + 1;
  stage.add(echo_agent("echo", "", options));
  answers got;
  for (int i = 0; i < 3; ++i)
    stage.ask(got, {"echo"}, ten);
  BOOST_REQUIRE(got.all.size() == 1U);
  BOOST_TEST(got.failure_type(0) == "runtime.mailbox_full");
  BOOST_TEST(got.all[0].error().retryable);
  BOOST_TEST(got.failure_text(0).find("echo/default") != std::string::npos);
  BOOST_TEST(got.failure_text(0).find(std::to_string(options.max_waiting_bytes)) !=
             std::string::npos);
  stage.run();
  stage.ask(got, {"echo"}, ten);
  stage.run();
  BOOST_REQUIRE(got.all.size() == 4U);
  BOOST_TEST(got.text_at(3) == ten, "what was served makes room");
  BOOST_TEST(stage.system().metrics().mailbox_rejections == 1U);
  BOOST_TEST(stage.system().metrics().mailbox_byte_rejections == 1U);
}

BOOST_AUTO_TEST_CASE(a_request_that_can_never_wait_is_refused_for_good) {
  stage stage;
  agent_options options;
  options.max_waiting_bytes = size_of(ten);
  stage.add(echo_agent("echo", "", options));
  answers got;
  stage.ask(got, {"echo"}, ten);
  stage.ask(got, {"echo"}, ten + "x");
  BOOST_REQUIRE(got.all.size() == 1U);
  BOOST_TEST(got.failure_type(0) == "runtime.request_too_large");
  BOOST_TEST(!got.all[0].error().retryable);
  stage.run();
  BOOST_TEST(got.text_at(1) == ten, "exactly the bound is accepted");
}

BOOST_AUTO_TEST_CASE(the_count_is_bounded_with_payloads_of_no_bytes) {
  stage stage;
  agent_options options;
  options.max_waiting_requests = 2;
  stage.add(echo_agent("echo", "", options));
  answers got;
  for (int i = 0; i < 3; ++i)
    stage.ask(got, {"echo"}, "");
  BOOST_REQUIRE(got.all.size() == 1U);
  BOOST_TEST(got.failure_type(0) == "runtime.mailbox_full");
  BOOST_TEST(stage.system().metrics().mailbox_byte_rejections == 0U);
}

BOOST_AUTO_TEST_CASE(an_agent_at_work_takes_the_urgent_first) {
  stage stage;
  stage.add(echo_agent("echo"));
  answers got;
  stage.ask(got, {"echo"}, "warm up");
  stage.run();
  stage.ask(got, {"echo"}, "low", {.priority = -1});
  stage.ask(got, {"echo"}, "first");
  stage.ask(got, {"echo"}, "second");
  stage.ask(got, {"echo"}, "high", {.priority = 1});
  stage.ask(got, {"echo"}, "highest", {.priority = 100});
  stage.ask(got, {"echo"}, "counts as highest", {.priority = 1'000'000});
  stage.run();
  const char* const expected[] = {"highest", "counts as highest", "high", "first", "second", "low"};
  for (std::size_t i = 0; i < std::size(expected); ++i)
    BOOST_TEST(got.text_at(i + 1) == expected[i]);
}

BOOST_AUTO_TEST_CASE(a_stream_of_urgent_requests_starves_nobody) {
  stage stage;
  stage.add(echo_agent("echo"));
  answers got;
  stage.ask(got, {"echo"}, "low", {.priority = -100});
  const auto every = runtime::defaults::oldest_first_every;
  for (std::uint64_t i = 0; i < 2 * every; ++i)
    stage.ask(got, {"echo"}, "urgent", {.priority = 100});
  stage.run();
  BOOST_REQUIRE(got.all.size() == 2 * every + 1);
  BOOST_TEST(got.text_at(every - 1) == "low");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
