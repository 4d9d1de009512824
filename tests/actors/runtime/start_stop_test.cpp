#include "actors/runtime/agent_system.hpp"
#include "tests/actors/runtime/support.hpp"

#include <chrono>
#include <cstdlib>
#include <dirent.h>
#include <filesystem>
#include <fstream>
#include <malloc.h>
#include <string>
#include <thread>
#include <unistd.h>

namespace {

using namespace troupe;
using namespace troupe::test;

std::size_t entries(const char* folder) {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& each : std::filesystem::directory_iterator{folder})
    ++count;
  return count;
}

/// True once the folder has that many entries: a thread that was joined leaves /proc a moment later.
bool comes_to(const char* folder, std::size_t wanted) {
  const auto until = std::chrono::steady_clock::now() + 5s;
  while (entries(folder) != wanted) {
    if (std::chrono::steady_clock::now() > until) return false;
    std::this_thread::sleep_for(1ms);
  }
  return true;
}

// A sanitizer keeps freed memory back, so what is resident says nothing there; the address sanitizer counts leaks itself.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool sanitized = true;
#elif defined(__has_feature)
constexpr bool sanitized = __has_feature(address_sanitizer) || __has_feature(thread_sanitizer);
#else
constexpr bool sanitized = false;
#endif

/// Bytes of this process in memory.
std::size_t resident_bytes() {
  std::ifstream status{"/proc/self/statm"};
  std::size_t all = 0, resident = 0;
  status >> all >> resident;
  return resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

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
  const int rounds = wanted ? std::atoi(wanted) : 1'000, warm_up = rounds / 10;
  std::size_t threads = 0, files = 0, memory = 0;
  for (int round = 0; round < rounds; ++round) {
    if (round == warm_up) {
      malloc_trim(0);
      threads = entries("/proc/self/task");
      files = entries("/proc/self/fd");
      memory = resident_bytes();
    }
    live_once();
  }
  malloc_trim(0);
  BOOST_TEST(comes_to("/proc/self/task", threads));
  BOOST_TEST(comes_to("/proc/self/fd", files));
  // What the allocator keeps for threads varies; a leak of 4 KiB a round would not fit.
  const auto grown = static_cast<double>(resident_bytes()) - static_cast<double>(memory);
  BOOST_TEST_MESSAGE("grown by " << grown / (rounds - warm_up) << " bytes a round");
  if (!sanitized) BOOST_TEST(grown <= 4096.0 * (rounds - warm_up) * 0.9);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
