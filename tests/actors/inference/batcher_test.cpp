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
  return {request, 0, tokens, expires, deadline::max()};
}

waiting_window due(int when, std::uint64_t request, std::size_t tokens) {
  return {request, 0, tokens, at(when), at(when)};
}

std::vector<std::uint64_t> requests(const std::vector<waiting_window>& windows) {
  std::vector<std::uint64_t> ids;
  ids.reserve(windows.size());
  for (const auto& each : windows)
    ids.push_back(each.request);
  return ids;
}

const batch_limits everything{};

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

BOOST_AUTO_TEST_CASE(what_is_due_first_goes_first_over_all_models) {
  batcher queue{100};
  queue.push(7, due(30, 1, 40));
  queue.push(7, due(20, 2, 40));
  queue.push(3, due(10, 3, 40));
  queue.push(7, due(20, 4, 40));
  BOOST_TEST((queue.first_due() == at(10)));
  BOOST_TEST(queue.take(everything, at(0)).model == 3U);
  BOOST_TEST(queue.next_model() == 7U);
  BOOST_TEST(requests(queue.take(everything, at(0)).windows) == (std::vector<std::uint64_t>{2, 4}),
             boost::test_tools::per_element());
  BOOST_TEST((queue.first_due() == at(30)));
  BOOST_TEST(requests(queue.take(everything, at(0)).windows) == (std::vector<std::uint64_t>{1}),
             boost::test_tools::per_element());
  BOOST_TEST((queue.first_due() == deadline::max()));
}

BOOST_AUTO_TEST_CASE(a_batch_is_no_longer_than_the_slack_of_what_it_holds) {
  batcher queue{1'000};
  const batch_limits slow{.per_token = std::chrono::milliseconds{100}};
  // Five seconds are 50 tokens: one more would make the first too late.
  for (std::uint64_t id = 1; id <= 3; ++id)
    queue.push(0, due(5, id, 20));
  BOOST_TEST(requests(queue.take(slow, at(0)).windows) == (std::vector<std::uint64_t>{1, 2}),
             boost::test_tools::per_element());
  // What is too late in any case goes with others, as far as those allow.
  queue.push(0, due(4, 4, 60));
  queue.push(0, due(9, 5, 20));
  BOOST_TEST(requests(queue.take(slow, at(0)).windows) == (std::vector<std::uint64_t>{4, 3, 5}),
             boost::test_tools::per_element());
  BOOST_TEST(queue.empty());
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
  BOOST_TEST(queue.take({.tokens = 1}, at(0)).tokens == 500U);
  BOOST_TEST(queue.take({.tokens = 0}, at(0)).tokens == 1U);
}

BOOST_AUTO_TEST_CASE(nothing_is_lost_budgets_hold_and_each_model_is_first_come_first_served) {
  BOOST_TEST(rc::check([] {
    const auto budget = *rc::gen::inRange<std::size_t>(1, 64);
    batcher queue{budget};
    std::map<std::size_t, std::vector<std::uint64_t>> pushed, served;
    std::size_t waiting = 0;
    std::uint64_t id = 0;
    const auto take = [&](const batch_limits& limits, int now) {
      const auto taken = queue.take(limits, at(now));
      std::size_t tokens = 0;
      for (const auto& each : taken.windows) {
        RC_ASSERT(each.expires > at(now));
        tokens += each.tokens;
        served[taken.model].push_back(each.request);
      }
      RC_ASSERT(tokens == taken.tokens);
      RC_ASSERT(taken.windows.size() <= 1 || tokens <= std::min(limits.tokens, budget));
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
        take({.tokens = *rc::gen::inRange<std::size_t>(0, 100),
              .per_token = std::chrono::milliseconds{*rc::gen::inRange(0, 500)}},
             *rc::gen::inRange(0, 100));
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
