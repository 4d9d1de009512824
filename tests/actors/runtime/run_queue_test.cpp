#include "actors/runtime/run_queue.hpp"

#include <boost/test/unit_test.hpp>
#include <caf/resumable.hpp>
#include <chrono>
#include <deque>
#include <future>
#include <latch>
#include <set>
#include <thread>
#include <vector>

// Every wait has a limit far beyond need, and says what it waited for.
namespace {

using namespace std::chrono_literals;
using troupe::runtime::run_queue;

/// Something that the queue holds and nobody runs.
class job final : public caf::resumable {
public:
  resume_result resume(caf::execution_unit* /*by*/, std::size_t /*limit*/) override { return done; }
  void intrusive_ptr_add_ref_impl() override {}
  void intrusive_ptr_release_impl() override {}
};

std::future<caf::resumable*> pop_elsewhere(run_queue& queue) {
  return std::async(std::launch::async, [&queue] { return queue.pop(); });
}

template <class T>
void require_ready(const std::future<T>& future, const char* awaited) {
  BOOST_REQUIRE_MESSAGE(future.wait_for(60s) == std::future_status::ready,
                        "60 s were not enough for " << awaited);
}

BOOST_AUTO_TEST_SUITE(runtime_run_queue)

BOOST_AUTO_TEST_CASE(jobs_come_in_the_order_of_their_arrival) {
  run_queue queue;
  BOOST_TEST(queue.try_pop() == nullptr);
  std::deque<job> jobs(3);
  for (auto& each : jobs)
    queue.push(&each);
  BOOST_TEST(queue.pop() == &jobs[0]);
  BOOST_TEST(queue.try_pop() == &jobs[1]);
  BOOST_TEST(queue.pop() == &jobs[2]);
  BOOST_TEST(queue.try_pop() == nullptr);
}

BOOST_AUTO_TEST_CASE(whoever_waits_gets_the_next_job) {
  run_queue queue;
  std::deque<job> jobs(100);
  for (auto& each : jobs) {
    auto popped = pop_elsewhere(queue);
    queue.push(&each);
    require_ready(popped, "a job that was pushed");
    BOOST_TEST(popped.get() == &each);
  }
}

// Only the first of those who wait is called by who pushes; each calls the next.
BOOST_AUTO_TEST_CASE(all_who_wait_work_at_the_same_time_where_there_is_work_for_all) {
  constexpr std::ptrdiff_t workers = 4;
  for (int round = 0; round < 100; ++round) {
    run_queue queue;
    std::latch all_at_work{workers};
    std::vector<std::future<void>> done;
    done.reserve(workers);
    for (std::ptrdiff_t i = 0; i < workers; ++i)
      done.push_back(std::async(std::launch::async, [&] {
        static_cast<void>(queue.pop());
        all_at_work.arrive_and_wait();
      }));
    std::deque<job> jobs(workers);
    for (auto& each : jobs)
      queue.push(&each);
    for (const auto& each : done)
      require_ready(each, "a worker that waits for the others to get a job, too");
  }
}

BOOST_AUTO_TEST_CASE(every_job_is_taken_once_whoever_pushes_and_pops) {
  constexpr std::size_t pushers = 3, workers = 3, each_pushes = 20'000;
  run_queue queue;
  std::deque<job> jobs(pushers * each_pushes), stops(workers);
  const std::set<caf::resumable*> last{&stops[0], &stops[1], &stops[2]};
  std::vector<std::future<std::deque<caf::resumable*>>> taken;
  taken.reserve(workers);
  for (std::size_t w = 0; w < workers; ++w)
    taken.push_back(std::async(std::launch::async, [&] {
      std::deque<caf::resumable*> mine;
      for (auto* next = queue.pop(); !last.contains(next); next = queue.pop())
        mine.push_back(next);
      return mine;
    }));
  {
    std::vector<std::jthread> threads;
    threads.reserve(pushers);
    for (std::size_t p = 0; p < pushers; ++p)
      threads.emplace_back([&, p] {
        for (std::size_t i = 0; i < each_pushes; ++i)
          queue.push(&jobs[p * each_pushes + i]);
      });
  }
  for (auto& each : stops)
    queue.push(&each);
  std::set<caf::resumable*> seen;
  std::size_t count = 0;
  for (auto& each : taken) {
    require_ready(each, "a worker's last job");
    const auto mine = each.get();
    count += mine.size();
    seen.insert(mine.begin(), mine.end());
  }
  BOOST_TEST(count == jobs.size());
  BOOST_TEST(seen.size() == jobs.size());
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
