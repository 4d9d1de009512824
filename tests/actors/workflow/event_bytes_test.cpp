#include "actors/workflow/event_bytes.hpp"

#include "actors/workflow/event_codec.hpp"
#include "actors/workflow/event_list.hpp"
#include "tests/actors/workflow/driver.hpp"
#include "tests/fuzz/stable_bytes.hpp"

#include <google/protobuf/wrappers.pb.h>
#include <utility>

using namespace troupe;
using namespace troupe::test;
using namespace std::chrono_literals;

namespace {

std::string bytes_of(const event& happened) {
  std::string made;
  append_bytes(made, happened);
  return made;
}

/// Whether both ways to the wire give the same; maps may come in any order.
void check(const event& happened) {
  const std::string bytes = bytes_of(happened);
  const v1::Event message = encode(happened);
  v1::Event again;
  BOOST_TEST_CONTEXT("event " << message.ShortDebugString()) {
    BOOST_REQUIRE(again.ParseFromString(bytes));
    BOOST_TEST((fuzz::stable_bytes(again) == fuzz::stable_bytes(message)));
    BOOST_TEST(again.ByteSizeLong() == bytes.size(), "nothing is written that need not be");
  }
}

attempt_timing some_timing() {
  attempt_timing how;
  how.started = at(1.5);
  how.ran = 2500ms;
  how.slot_wait = 1ms;
  how.resource_wait = 2ms;
  how.missing = {"cpu", "", "license"};
  how.request_bytes = 77;
  how.node = "n1";
  how.node_class = "AMD EPYC 9B14";
  return how;
}

/// A message of so many bytes, and a few more.
message_ptr text(std::size_t size) {
  auto made = std::make_shared<google::protobuf::StringValue>();
  made->set_value(std::string(size, 'x'));
  return made;
}

} // namespace

BOOST_AUTO_TEST_SUITE(workflow_event_bytes)

BOOST_AUTO_TEST_CASE(are_those_of_the_message) {
  check({1, at(0), step_scheduled{{{"a", 0}, 1, 1}}});
  check({300, at(0.5), step_scheduled{{{std::string(200, 's'), 70'000, true}, 300, 1ULL << 40U}}});
  check({2, at(0), step_completed{{{"a", 0}, 1, 1}, listing(0), std::nullopt}});
  check({2, at(0), step_completed{{{"a", 0}, 1, 1}, listing(3), some_timing()}});
  check({2, at(0), step_completed{{{"a", 0}, 1, 1}, listing(3), attempt_timing{}}});
  check({9, at(0), run_completed{}});
}

BOOST_AUTO_TEST_CASE(of_any_moment) {
  for (const time_point moment : {time_point{}, time_point{1ns}, time_point{-1ns}, time_point{-3s},
                                  time_point::max(), time_point::min() + 1s})
    check({1, moment, run_completed{}});
  attempt_timing odd;
  odd.started = time_point{-1ns};
  odd.ran = -1s;
  check({1, at(0), step_completed{{{"a", 0}, 1, 1}, listing(1), odd}});
}

BOOST_AUTO_TEST_CASE(of_any_length) {
  // Around the sizes at which a length takes another byte, of each of the messages around the reply.
  for (std::size_t size = 0; size < 300; ++size)
    check({1, at(0), step_completed{{{"a", 0}, 1, 1}, text(size), some_timing()}});
  for (const std::size_t border : {std::size_t{1} << 14U, std::size_t{1} << 21U})
    for (std::size_t size = border - 120; size < border + 10; size += 7)
      check({1, at(0), step_completed{{{"a", 0}, 1, 1}, text(size), std::nullopt}});
}

BOOST_AUTO_TEST_CASE(of_a_beginning) {
  run_started start{"r", load(main_job), {{"folder", "in"}, {"output", std::string(300, 'o')}}, -7};
  check({1, at(0), start});
  start.deadline = 90s;
  start.tenant = "t";
  start.tags = {{"a", "b"}, {"c", ""}};
  start.parent = parent_ref{"parent", {"step", 3}, 2};
  start.host = run_host{"node", {}, 4, "owner"};
  check({1, at(0), start});
}

BOOST_AUTO_TEST_CASE(of_a_whole_history) {
  driver run{load(main_job), {{"folder", "in"}, {"output", "out"}}};
  run.complete({"list", 0}, listing(2));
  run.fail({"read", 0}, {"x.busy", "later", true});
  run.record(run_recovered{"me"});
  run.fire(0);
  run.complete_all();
  for (const event& each : run.history)
    check(each);
}

BOOST_AUTO_TEST_CASE(are_appended) {
  std::string made = "before";
  append_bytes(made, {1, at(0), run_completed{}});
  append_bytes(made, {2, at(0), run_recovered{"me"}}); // by way of its message
  BOOST_TEST(made == "before" + bytes_of({1, at(0), run_completed{}}) +
                         encode({2, at(0), run_recovered{"me"}}).SerializeAsString());
}

BOOST_AUTO_TEST_CASE(a_list_gives_what_was_put_in) {
  event_list made{"one", "", std::string(1'000, 'x')};
  made.push_back("two");
  made.add([](std::string& bytes) { bytes += "three"; });
  const std::vector<std::string> expected{"one", "", std::string(1'000, 'x'), "two", "three"};
  BOOST_TEST(made.copies() == expected, boost::test_tools::per_element());
  BOOST_TEST(made.size_bytes() == 1'011u);
  // A short buffer lies in the object itself, which moves.
  event_list short_one{"a", "b"};
  event_list moved;
  moved = std::exchange(short_one, {});
  BOOST_TEST(short_one.empty());
  BOOST_TEST(short_one.size_bytes() == 0u);
  BOOST_TEST(moved.copies() == (std::vector<std::string>{"a", "b"}),
             boost::test_tools::per_element());
  BOOST_TEST(event_list{}.empty());
}

BOOST_AUTO_TEST_SUITE_END()
