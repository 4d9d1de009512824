#include "actors/runtime/timer.hpp"
#include "actors/runtime/timer_queue.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <deque>
#include <future>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using namespace std::chrono_literals;
using namespace troupe;
using runtime::timer_node;
using runtime::timer_queue;
using time_point = timer_queue::time_point;

BOOST_AUTO_TEST_SUITE(runtime_timer_queue)

BOOST_AUTO_TEST_CASE(takes_what_is_due_in_order) {
  timer_queue queue;
  std::deque<timer_node> nodes(4);
  const time_point base{1h};
  queue.insert(nodes[0], base + 20ms);
  queue.insert(nodes[1], base + 1us);
  queue.insert(nodes[2], base);
  queue.insert(nodes[3], base + 1us);
  BOOST_TEST((queue.next_due() == base));
  BOOST_TEST(queue.take_due(base - 1ns).empty());
  BOOST_TEST((queue.take_due(base + 2us) == std::vector{&nodes[2], &nodes[1], &nodes[3]}));
  BOOST_TEST((queue.next_due() == base + 20ms));
  BOOST_TEST(queue.size() == 1U);
  BOOST_TEST(queue.remove(nodes[0]));
  BOOST_TEST(!queue.remove(nodes[0]));
  BOOST_TEST(!queue.next_due().has_value());
}

// The oracle is a plain sorted list; the seed is printed so that a failure can be repeated.
BOOST_AUTO_TEST_CASE(behaves_as_a_sorted_list) {
  const auto seed = std::random_device{}();
  BOOST_TEST_MESSAGE("seed " << seed);
  std::mt19937 random{seed};
  BOOST_TEST_CONTEXT("seed " << seed) {
    timer_queue queue;
    std::deque<timer_node> nodes(300);
    std::vector<timer_node*> expected;
    time_point now{1h};
    for (int step = 0; step < 5'000; ++step) {
      auto& node = nodes[random() % nodes.size()];
      const bool queued = std::find(expected.begin(), expected.end(), &node) != expected.end();
      if (random() % 10 == 0) {
        now += std::chrono::microseconds{random() % 20'000};
        std::stable_sort(expected.begin(), expected.end(), [](auto* a, auto* b) {
          return a->due != b->due ? a->due < b->due : a->order < b->order;
        });
        const auto split = std::find_if(expected.begin(), expected.end(),
                                        [now](auto* each) { return each->due > now; });
        BOOST_REQUIRE((queue.take_due(now) == std::vector(expected.begin(), split)));
        expected.erase(expected.begin(), split);
      } else if (queued) {
        BOOST_REQUIRE(queue.remove(node));
        std::erase(expected, &node);
      } else {
        queue.insert(node, now + std::chrono::microseconds{random() % 100'000} - 1ms);
        expected.push_back(&node);
      }
      BOOST_REQUIRE(queue.size() == expected.size());
      const auto first = std::min_element(expected.begin(), expected.end(),
                                          [](auto* a, auto* b) { return a->due < b->due; });
      BOOST_REQUIRE((queue.next_due() ==
                     (first == expected.end() ? std::nullopt : std::optional{(*first)->due})));
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(runtime_virtual_timer)

BOOST_AUTO_TEST_CASE(time_moves_only_by_advance) {
  const auto clock = virtual_timer::make();
  const auto begin = clock->now();
  std::vector<std::string> log;
  const auto note = [&](const std::string& what) {
    return [&, what] { log.push_back(what + "@" + std::to_string((clock->now() - begin) / 1ms)); };
  };
  clock->schedule_after(30ms, note("c"));
  clock->schedule_after(10ms, note("a"));
  clock->schedule_after(20ms, [&] {
    note("b")();
    clock->schedule_after(5ms, note("nested"));
  });
  BOOST_TEST(clock->advance(9ms) == 0U);
  BOOST_TEST(clock->advance(21ms) == 4U);
  const std::vector<std::string> expected{"a@10", "b@20", "nested@25", "c@30"};
  BOOST_TEST(log == expected, boost::test_tools::per_element());
  BOOST_TEST((clock->now() == begin + 30ms));
  BOOST_TEST(!clock->next_due().has_value());
}

BOOST_AUTO_TEST_CASE(a_cancelled_task_does_not_run_and_frees_what_it_owns) {
  const auto clock = virtual_timer::make();
  auto owned = std::make_shared<int>(1);
  auto handle = clock->schedule_after(1ms, [owned] { BOOST_ERROR("a cancelled task ran"); });
  auto copy = handle;
  BOOST_TEST(handle.cancel());
  BOOST_TEST(owned.use_count() == 1);
  BOOST_TEST(!copy.cancel());
  BOOST_TEST(clock->advance(1h) == 0U);
  BOOST_TEST(!timer_handle{}.cancel());
}

BOOST_AUTO_TEST_CASE(a_task_that_ran_cannot_be_cancelled) {
  const auto clock = virtual_timer::make();
  auto handle =
      clock->schedule_after(0ms, [] { throw std::runtime_error{"expected by the test"}; });
  BOOST_TEST(clock->advance(0ms) == 1U);
  BOOST_TEST(!handle.cancel());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(runtime_thread_timer)

BOOST_AUTO_TEST_CASE(runs_tasks_after_their_time_and_earlier_ones_first) {
  const auto clock = make_thread_timer();
  std::promise<timer::clock::time_point> late, early;
  const auto start = clock->now();
  clock->schedule_after(30ms, [&] { late.set_value(clock->now()); });
  // Earlier than what the thread sleeps for by now: it must be woken.
  clock->schedule_after(5ms, [&] { early.set_value(clock->now()); });
  auto first = early.get_future(), second = late.get_future();
  BOOST_TEST_REQUIRE((first.wait_for(30s) == std::future_status::ready), "the task after 5 ms");
  BOOST_TEST_REQUIRE((second.wait_for(30s) == std::future_status::ready), "the task after 30 ms");
  const auto ran_first = first.get(), ran_second = second.get();
  BOOST_TEST((ran_first >= start + 5ms));
  BOOST_TEST((ran_second >= start + 30ms));
  BOOST_TEST((ran_first <= ran_second));
}

BOOST_AUTO_TEST_CASE(stop_drops_what_waits) {
  auto owned = std::make_shared<int>(1);
  const auto clock = make_thread_timer();
  auto handle = clock->schedule_after(1h, [owned] {});
  clock->stop();
  clock->stop();
  BOOST_TEST(owned.use_count() == 1);
  BOOST_TEST(!handle.cancel());
  BOOST_TEST(!clock->schedule_after(0ms, [] { BOOST_ERROR("ran after stop"); }).cancel());
}

BOOST_AUTO_TEST_CASE(a_task_may_stop_and_drop_its_timer) {
  std::promise<void> done;
  auto clock = make_thread_timer();
  auto* raw = clock.get();
  raw->schedule_after(1ms, [&done, held = std::move(clock)]() mutable {
    held->stop();
    held = nullptr;
    done.set_value();
  });
  BOOST_TEST((done.get_future().wait_for(30s) == std::future_status::ready), "the task");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
