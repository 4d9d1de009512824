// The time as nodes see it.
#include "tests/cluster/testing/lab.hpp"

using namespace troupe;
using namespace troupe::cluster::testing;
using namespace std::chrono_literals;
using test::lab;

namespace {

BOOST_AUTO_TEST_SUITE(cluster_testing_clocks)

BOOST_AUTO_TEST_CASE(a_clock_shows_the_time_unless_told_otherwise) {
  lab in;
  const auto clock = in.network.clock("a");
  in.clock->advance(3s);
  BOOST_TEST((clock->now() == in.clock->now()));
  BOOST_TEST((clock->wall_now() == in.clock->wall_now()));
  BOOST_TEST((in.network.clock("a") == clock));
}

BOOST_AUTO_TEST_CASE(a_skew_moves_the_time_of_day_alone) {
  lab in;
  const auto clock = in.network.clock("a");
  const auto off = in.network.begin({.kind = fault_kind::skew, .nodes = {"a"}, .offset = -3s});
  BOOST_TEST((clock->wall_now() == in.clock->wall_now() - 3s));
  BOOST_TEST((clock->now() == in.clock->now()));
  in.network.end(off);
  BOOST_TEST((clock->wall_now() == in.clock->wall_now()));
}

BOOST_AUTO_TEST_CASE(a_drift_adds_up_and_moves_tasks) {
  lab in;
  const auto fast = in.network.clock("a");
  const auto start = in.clock->now();
  std::vector<std::chrono::nanoseconds> ran;
  const auto at = [&] { ran.push_back(in.clock->now() - start); };
  fast->schedule_after(11s, at);
  const auto drift = in.network.begin({.kind = fault_kind::drift, .nodes = {"a"}, .ppm = 100'000});
  in.clock->advance(10s);
  BOOST_TEST((ran == std::vector<std::chrono::nanoseconds>{10s}));
  BOOST_TEST((fast->now() - start == 11s));
  BOOST_TEST((fast->wall_now() - in.clock->wall_now() == 1s));
  fast->schedule_after(11s, at);
  in.clock->advance(5s); // 5.5 s of these are over
  in.network.end(drift);
  in.clock->advance(1min);
  BOOST_REQUIRE_EQUAL(ran.size(), 2u);
  BOOST_TEST((ran[1] == 20500ms));
  BOOST_TEST((fast->now() - in.clock->now() == 1500ms)); // what was gained stays
}

BOOST_AUTO_TEST_CASE(a_slow_clock_is_never_early) {
  lab in;
  const auto slow = in.network.clock("a");
  in.network.begin({.kind = fault_kind::drift, .nodes = {"a"}, .ppm = -33'333});
  int ran = 0;
  for (int i = 1; i <= 200; ++i) {
    const auto due = slow->now() + std::chrono::nanoseconds{i * 777'777};
    slow->schedule_at(due, [&, due] {
      ++ran;
      BOOST_TEST((slow->now() >= due));
      BOOST_TEST((slow->now() < due + 1us));
    });
  }
  in.clock->advance(1s);
  BOOST_TEST(ran == 200);
}

BOOST_AUTO_TEST_CASE(clocks_of_machines_begin_when_they_like) {
  lab in{{.unrelated_clocks = true}};
  const auto a = in.network.clock("a"), b = in.network.clock("b");
  BOOST_TEST((a->now() != b->now()));
  BOOST_TEST((a->wall_now() == b->wall_now()));
  bool ran = false;
  a->schedule_after(1s, [&] { ran = true; });
  in.clock->advance(999ms);
  BOOST_TEST(!ran);
  in.clock->advance(1ms);
  BOOST_TEST(ran);
}

BOOST_AUTO_TEST_CASE(tasks_can_be_cancelled_and_the_clock_stopped) {
  lab in;
  const auto clock = in.network.clock("a");
  std::vector<int> ran;
  auto first = clock->schedule_after(1s, [&] { ran.push_back(1); });
  auto third = clock->schedule_after(3s, [&] { ran.push_back(3); });
  clock->schedule_after(2s, [&] {
    ran.push_back(2);
    BOOST_TEST(third.cancel());
    clock->schedule_after(1s, [&] {
      ran.push_back(4);
      clock->stop();
    });
  });
  clock->schedule_after(9s, [&] { ran.push_back(9); });
  BOOST_TEST(first.cancel());
  BOOST_TEST(!first.cancel());
  in.clock->advance(1min);
  BOOST_TEST((ran == std::vector{2, 4}));
  BOOST_TEST(!clock->schedule_after(1s, [] {}).cancel());
}

BOOST_AUTO_TEST_CASE(a_clock_outlives_its_network_and_does_nothing) {
  std::shared_ptr<timer> kept;
  {
    lab in;
    kept = in.network.clock("a");
    kept->schedule_after(1s, [] { BOOST_ERROR("ran"); });
  }
  kept->schedule_after(1s, [] {});
  kept->stop();
  (void)kept->now();
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
