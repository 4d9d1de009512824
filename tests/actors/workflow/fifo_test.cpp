#include "actors/workflow/fifo.hpp"

#include <boost/test/unit_test.hpp>
#include <deque>
#include <memory>
#include <random>

using troupe::workflow::fifo;

BOOST_AUTO_TEST_SUITE(workflow_fifo)

// Against a std::deque, through every mixture of what it can do.
BOOST_AUTO_TEST_CASE(does_what_a_deque_does) {
  std::mt19937 random{20261126};
  fifo<int> ours;
  std::deque<int> theirs;
  for (int i = 0; i < 20'000; ++i) {
    const auto deed = random() % 100;
    if (deed < 48) {
      ours.push_back(i % 50);
      theirs.push_back(i % 50);
    } else if (deed < 97) {
      if (theirs.empty()) continue;
      BOOST_REQUIRE(ours.front() == theirs.front());
      ours.pop_front();
      theirs.pop_front();
    } else if (deed < 99) {
      ours.remove(i % 50);
      std::erase(theirs, i % 50);
    } else {
      const std::vector<int> some{i, i + 1};
      ours.prepend(some);
      theirs.insert(theirs.begin(), some.begin(), some.end());
    }
    BOOST_REQUIRE(ours.size() == theirs.size());
    BOOST_REQUIRE(ours.empty() == theirs.empty());
  }
  for (; !theirs.empty(); ours.pop_front(), theirs.pop_front())
    BOOST_REQUIRE(ours.front() == theirs.front());
}

BOOST_AUTO_TEST_CASE(lets_go_of_what_was_taken) {
  fifo<std::shared_ptr<int>> queue;
  const auto item = std::make_shared<int>(1);
  queue.push_back(item);
  queue.push_back(item);
  queue.push_back(item);
  queue.pop_front();
  BOOST_TEST(item.use_count() == 3);
}

BOOST_AUTO_TEST_SUITE_END()
