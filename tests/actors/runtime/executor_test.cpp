#include "actors/runtime/executor.hpp"

#include <atomic>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <future>
#include <latch>
#include <memory>
#include <set>
#include <stdexcept>
#include <thread>
#include <vector>

namespace {

using namespace std::chrono_literals;
using namespace troupe;

BOOST_AUTO_TEST_SUITE(runtime_executor)

BOOST_AUTO_TEST_CASE(a_pool_runs_every_task_once) {
  std::atomic<int> ran = 0;
  thread_pool pool{{.max_threads = 4}};
  for (int i = 0; i < 1'000; ++i)
    BOOST_REQUIRE(pool.post([&ran] { ++ran; }));
  BOOST_TEST(pool.stop(30s));
  BOOST_TEST(ran == 1'000);
}

BOOST_AUTO_TEST_CASE(a_pool_works_in_parallel_up_to_its_threads) {
  std::latch all_at_work{4};
  thread_pool pool{{.max_threads = 4}};
  // Each task ends only when four are at work at the same time.
  for (int i = 0; i < 4; ++i)
    BOOST_REQUIRE(pool.post([&all_at_work] { all_at_work.arrive_and_wait(); }));
  BOOST_TEST(pool.stop(30s), "four tasks at work at the same time");
}

BOOST_AUTO_TEST_CASE(a_full_queue_refuses) {
  std::promise<void> gate;
  auto opened = gate.get_future().share();
  std::promise<void> busy;
  thread_pool pool{{.max_threads = 1, .max_queued = 2}};
  BOOST_REQUIRE(pool.post([&busy, opened] {
    busy.set_value();
    opened.wait();
  }));
  busy.get_future().wait();
  BOOST_TEST(pool.post([] {}));
  BOOST_TEST(pool.post([] {}));
  BOOST_TEST(!pool.post([] { BOOST_ERROR("a refused task ran"); }));
  gate.set_value();
  BOOST_TEST(pool.stop(30s));
  BOOST_TEST(!pool.post([] { BOOST_ERROR("a task ran after stop"); }));
}

BOOST_AUTO_TEST_CASE(a_task_that_throws_harms_nobody) {
  std::promise<void> after;
  thread_pool pool{{.max_threads = 1}};
  BOOST_REQUIRE(pool.post([] { throw std::runtime_error{"expected by the test"}; }));
  BOOST_REQUIRE(pool.post([] { throw 1; }));
  BOOST_REQUIRE(pool.post([&after] { after.set_value(); }));
  BOOST_TEST((after.get_future().wait_for(30s) == std::future_status::ready),
             "the task behind two that throw");
}

BOOST_AUTO_TEST_CASE(stop_keeps_its_bound_and_leaves_a_stuck_thread_behind) {
  auto gate = std::make_shared<std::promise<void>>();
  auto finished = std::make_shared<std::promise<void>>();
  auto ended = finished->get_future();
  {
    thread_pool pool{{.max_threads = 1}};
    BOOST_REQUIRE(pool.post([opened = gate->get_future().share(), finished] {
      opened.wait();
      finished->set_value();
    }));
    BOOST_REQUIRE(pool.post([] { BOOST_ERROR("a task began after the bound"); }));
    BOOST_TEST(!pool.stop(10ms));
    BOOST_TEST(!pool.stop(0ms));
  }
  gate->set_value();
  BOOST_TEST((ended.wait_for(30s) == std::future_status::ready), "the end of the stuck task");
}

BOOST_AUTO_TEST_CASE(the_inline_executor_runs_at_once) {
  inline_executor executor;
  int ran = 0;
  BOOST_TEST(executor.post([&ran] { ++ran; }));
  BOOST_TEST(ran == 1);
  BOOST_TEST(executor.post([] { throw std::runtime_error{"expected by the test"}; }));
  BOOST_TEST(executor.stop(0ms));
  BOOST_TEST(!executor.post([&ran] { ++ran; }));
  BOOST_TEST(ran == 1);
}

BOOST_AUTO_TEST_CASE(the_manual_executor_runs_when_told) {
  manual_executor executor;
  std::vector<int> order;
  for (int i = 0; i < 3; ++i)
    BOOST_TEST(executor.post([&order, i] { order.push_back(i); }));
  BOOST_TEST(executor.waiting() == 3U);
  BOOST_TEST(executor.run_one());
  BOOST_TEST(order == std::vector{0});
  BOOST_TEST(executor.run_all() == 2U);
  BOOST_TEST((order == std::vector{0, 1, 2}));
  BOOST_TEST(!executor.run_one());
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
