#include "tests/actors/runtime/support.hpp"

#include <algorithm>
#include <cstdint>
#include <rapidcheck.h>
#include <string>
#include <vector>

namespace {

using namespace troupe;
using namespace troupe::test;

struct waiting {
  std::int32_t priority = 0;
  std::size_t arrival = 0;
};

std::int32_t clamped(std::int32_t priority) {
  return std::clamp(priority, -runtime::defaults::highest_priority,
                    runtime::defaults::highest_priority);
}

/// What the rule says, said in the slowest way: all of them are looked at for each that is taken.
std::vector<std::size_t> order_by_rule(std::vector<waiting> queue) {
  std::vector<std::size_t> order;
  for (std::uint64_t taken = 1; !queue.empty(); ++taken) {
    const bool oldest = taken % runtime::defaults::oldest_first_every == 0;
    const auto next =
        std::min_element(queue.begin(), queue.end(), [&](const waiting& a, const waiting& b) {
          if (!oldest && clamped(a.priority) != clamped(b.priority))
            return clamped(a.priority) > clamped(b.priority);
          return a.arrival < b.arrival;
        });
    order.push_back(next->arrival);
    queue.erase(next);
  }
  return order;
}

BOOST_AUTO_TEST_SUITE(runtime_mailbox_properties)

BOOST_AUTO_TEST_CASE(requests_are_served_in_the_order_of_the_rule) {
  const bool holds = rc::check("order of service", [] {
    const auto priorities = *rc::gen::container<std::vector<std::int32_t>>(
        rc::gen::oneOf(rc::gen::inRange<std::int32_t>(-3, 4), rc::gen::arbitrary<std::int32_t>()));
    stage stage;
    stage.add(echo_agent("echo"));
    answers got;
    std::vector<waiting> queue;
    for (const auto priority : priorities) {
      queue.push_back({priority, queue.size()});
      stage.ask(got, {"echo"}, std::to_string(queue.back().arrival), {.priority = priority});
    }
    stage.run();
    std::vector<std::string> served, expected;
    for (std::size_t i = 0; i < got.all.size(); ++i)
      served.push_back(got.text_at(i));
    for (const auto each : order_by_rule(queue))
      expected.push_back(std::to_string(each));
    RC_ASSERT(served == expected);
  });
  BOOST_TEST(holds);
}

BOOST_AUTO_TEST_CASE(neither_bound_is_passed_and_what_is_refused_would_pass_one) {
  const bool holds = rc::check("bounds of the mailbox", [] {
    agent_options options;
    options.max_waiting_requests = *rc::gen::inRange<std::size_t>(1, 20);
    options.max_waiting_bytes = *rc::gen::inRange<std::size_t>(1, 200);
    const auto lengths =
        *rc::gen::container<std::vector<std::size_t>>(rc::gen::inRange<std::size_t>(0, 60));
    stage stage;
    stage.add(echo_agent("echo", "", options));
    std::size_t count = 0, bytes = 0;
    for (const auto length : lengths) {
      answers got;
      const std::string value(length, 'x');
      const auto size = make_text(value).ByteSizeLong();
      stage.ask(got, {"echo"}, value);
      const bool fits =
          count < options.max_waiting_requests && bytes + size <= options.max_waiting_bytes;
      RC_ASSERT(got.all.empty() == fits);
      count += fits ? 1 : 0;
      bytes += fits ? size : 0;
    }
    stage.run();
    RC_ASSERT(stage.system().metrics().replies == count);
    RC_ASSERT(stage.system().metrics().in_flight == 0U);
  });
  BOOST_TEST(holds);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
