#include "actors/runtime/agent_system.hpp"
#include "tests/actors/runtime/support.hpp"
#include "tests/support/leftovers.hpp"

#include <cstdlib>

namespace {

using namespace troupe;
using namespace troupe::test;

/// A system at work: agents on both kinds of threads, a request to another agent, one that is never answered, a message
/// one way, an agent that throws and backs off.
void live_once() {
  agent_system_options wanted;
  wanted.worker_threads = 2;
  wanted.drain_bound = 0ms;
  auto started = agent_system::start(std::move(wanted));
  BOOST_REQUIRE(started.has_value());
  auto& system = **started;
  agent_options blocking;
  blocking.blocking = true;
  const auto held = std::make_shared<hostage>();
  BOOST_REQUIRE(system.add(echo_agent("echo")).has_value());
  BOOST_REQUIRE(system.add(holding_agent("hold", held)).has_value());
  BOOST_REQUIRE(system
                    .add(typed_agent<text, text>(
                        "forward", "Asks another",
                        [](const text& request, const call_context& context) {
                          auto got = expect_reply<text>(
                              context.request_and_wait({"echo"}, share(request)));
                          return got ? reply<text>{**got} : tl::unexpected(got.error());
                        },
                        blocking))
                    .has_value());
  BOOST_REQUIRE(
      system
          .add(typed_agent<text, text>("broken", "Throws",
                                       [](const text&, const call_context&) -> reply<text> {
                                         throw std::runtime_error{"expected by the test"};
                                       }))
          .has_value());
  system.request({"hold"}, share(make_text("x")), {}, [](reply<message_ptr>) {});
  BOOST_REQUIRE(system.tell({"echo", "told"}, share(make_text("x"))).has_value());
  BOOST_TEST(!system.request_and_wait({"broken"}, share(make_text("x"))));
  BOOST_TEST(system.request_and_wait({"forward"}, share(make_text("x"))).has_value());
}

BOOST_AUTO_TEST_SUITE(runtime_start_stop)

BOOST_AUTO_TEST_CASE(a_thousand_systems_one_after_the_other_leave_nothing) {
  const char* wanted = std::getenv("TROUPE_STARTS");
  const int rounds = wanted ? std::atoi(wanted) : 1'000, counted = rounds - rounds / 10;
  // 256 KiB of the heap are less than 300 bytes a round; what the allocator keeps for threads varies more.
  leaves_nothing(rounds - counted, counted, 256 << 10, 4 << 20, [](int) { live_once(); });
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
