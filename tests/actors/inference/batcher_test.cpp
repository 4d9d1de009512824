#include "actors/inference/batcher.hpp"

#include <boost/test/unit_test.hpp>
#include <map>
#include <rapidcheck.h>
#include <vector>

using namespace troupe::inference;

namespace {

deadline at(int seconds) {
  return deadline{std::chrono::seconds{seconds}};
}

waiting_window window(std::uint64_t request, std::size_t tokens, deadline expires = at(1'000)) {
  return {request, 0, tokens, expires};
}

std::vector<std::uint64_t> requests(const std::vector<waiting_window>& windows) {
  std::vector<std::uint64_t> ids;
  ids.reserve(windows.size());
  for (const auto& each : windows)
    ids.push_back(each.request);
  return ids;
}

const auto everything = static_cast<std::size_t>(-1);

} // namespace

BOOST_AUTO_TEST_SUITE(batching)

BOOST_AUTO_TEST_CASE(takes_what_waits_up_to_the_budget_in_order) {
  batcher queue{100};
  for (std::uint64_t id = 1; id <= 4; ++id)
    queue.push(0, window(id, 40));
  BOOST_TEST(queue.waiting_tokens() == 160U);
  const auto first = queue.take(everything, at(0));
  BOOST_TEST(requests(first.windows) == (std::vector<std::uint64_t>{1, 2}),
             boost::test_tools::per_element());
  BOOST_TEST(first.tokens == 80U);
  BOOST_TEST(requests(queue.take(everything, at(0)).windows) == (std::vector<std::uint64_t>{3, 4}),
             boost::test_tools::per_element());
  BOOST_TEST(queue.empty());
  BOOST_TEST(queue.take(everything, at(0)).windows.empty());
}

BOOST_AUTO_TEST_CASE(a_window_that_does_not_fit_is_not_overtaken) {
  batcher queue{100};
  queue.push(0, window(1, 60));
  queue.push(0, window(2, 60));
  queue.push(0, window(3, 10));
  BOOST_TEST(requests(queue.take(everything, at(0)).windows) == (std::vector<std::uint64_t>{1}),
             boost::test_tools::per_element());
  BOOST_TEST(requests(queue.take(everything, at(0)).windows) == (std::vector<std::uint64_t>{2, 3}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(the_model_that_waits_longest_is_next_and_models_do_not_mix) {
  batcher queue{100};
  queue.push(7, window(1, 10));
  queue.push(3, window(2, 10));
  queue.push(7, window(3, 10));
  const auto first = queue.take(everything, at(0));
  BOOST_TEST(first.model == 7U);
  BOOST_TEST(requests(first.windows) == (std::vector<std::uint64_t>{1, 3}),
             boost::test_tools::per_element());
  BOOST_TEST(queue.take(everything, at(0)).model == 3U);
}

BOOST_AUTO_TEST_CASE(windows_that_came_too_late_are_set_apart) {
  batcher queue{100};
  queue.push(0, window(1, 90, at(10)));
  queue.push(0, window(2, 90, at(20)));
  queue.push(0, window(3, 90, at(10)));
  const auto taken = queue.take(everything, at(10));
  BOOST_TEST(requests(taken.windows) == (std::vector<std::uint64_t>{2}),
             boost::test_tools::per_element());
  BOOST_TEST(requests(taken.expired) == (std::vector<std::uint64_t>{1, 3}),
             boost::test_tools::per_element());
  BOOST_TEST(taken.tokens == 90U);
  BOOST_TEST(queue.empty());
}

BOOST_AUTO_TEST_CASE(a_window_beyond_the_limit_goes_alone) {
  batcher queue{100};
  queue.push(0, window(1, 500));
  queue.push(0, window(2, 1));
  BOOST_TEST(queue.take(1, at(0)).tokens == 500U);
  BOOST_TEST(queue.take(0, at(0)).tokens == 1U);
}

BOOST_AUTO_TEST_CASE(nothing_is_lost_budgets_hold_and_each_model_is_first_come_first_served) {
  BOOST_TEST(rc::check([] {
    const auto budget = *rc::gen::inRange<std::size_t>(1, 64);
    batcher queue{budget};
    std::map<std::size_t, std::vector<std::uint64_t>> pushed, served;
    std::size_t waiting = 0;
    std::uint64_t id = 0;
    const auto take = [&](std::size_t limit, int now) {
      const auto taken = queue.take(limit, at(now));
      std::size_t tokens = 0;
      for (const auto& each : taken.windows) {
        RC_ASSERT(each.expires > at(now));
        tokens += each.tokens;
        served[taken.model].push_back(each.request);
      }
      RC_ASSERT(tokens == taken.tokens);
      RC_ASSERT(taken.windows.size() <= 1 || tokens <= std::min(limit, budget));
      for (const auto& each : taken.expired) {
        RC_ASSERT(each.expires <= at(now));
        tokens += each.tokens;
        auto& all = pushed[taken.model];
        all.erase(std::find(all.begin(), all.end(), each.request));
      }
      RC_ASSERT(tokens > 0U || queue.empty());
      waiting -= tokens;
    };
    for (auto steps = *rc::gen::inRange(0, 60); steps > 0; --steps) {
      const auto model = *rc::gen::inRange<std::size_t>(0, 3);
      if (*rc::gen::arbitrary<bool>()) {
        const auto tokens = *rc::gen::inRange<std::size_t>(1, 80);
        queue.push(model, window(++id, tokens, at(*rc::gen::inRange(0, 100))));
        pushed[model].push_back(id);
        waiting += tokens;
      } else {
        take(*rc::gen::inRange<std::size_t>(0, 100), *rc::gen::inRange(0, 100));
      }
      RC_ASSERT(queue.waiting_tokens() == waiting);
    }
    while (!queue.empty())
      take(everything, 0);
    std::erase_if(pushed, [](const auto& entry) { return entry.second.empty(); });
    RC_ASSERT(served == pushed);
  }));
}

BOOST_AUTO_TEST_SUITE_END()
