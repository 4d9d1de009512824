#include "actors/runtime/restart_tracker.hpp"

#include <boost/test/unit_test.hpp>
#include <chrono>

namespace {

using namespace std::chrono_literals;
using troupe::runtime::restart_tracker;
constexpr restart_tracker::time_point start{1h};

BOOST_AUTO_TEST_SUITE(runtime_restart_tracker)

BOOST_AUTO_TEST_CASE(back_off_grows_up_to_its_maximum) {
  restart_tracker tracker{{.max_restarts = 6,
                           .window = 60s,
                           .initial_backoff = 50ms,
                           .backoff_coefficient = 3.0,
                           .maximum_backoff = 1s}};
  const std::chrono::milliseconds expected[] = {50ms, 150ms, 450ms, 1s, 1s, 1s};
  for (const auto delay : expected)
    BOOST_TEST((tracker.on_crash(start) == delay));
  BOOST_TEST(!tracker.on_crash(start).has_value());
}

BOOST_AUTO_TEST_CASE(crashes_outside_the_window_do_not_count) {
  restart_tracker tracker{{.max_restarts = 2, .window = 10s, .initial_backoff = 100ms}};
  BOOST_TEST((tracker.on_crash(start) == 100ms));
  BOOST_TEST((tracker.on_crash(start + 9s) == 200ms));
  // The first is out of the window, the second in it.
  BOOST_TEST((tracker.on_crash(start + 10s) == 200ms));
  BOOST_TEST(!tracker.on_crash(start + 11s).has_value());
  BOOST_TEST((tracker.on_crash(start + 60s) == 100ms));
}

BOOST_AUTO_TEST_CASE(no_restarts_means_down_at_once) {
  restart_tracker tracker{{.max_restarts = 0}};
  BOOST_TEST(!tracker.on_crash(start).has_value());
}

BOOST_AUTO_TEST_CASE(a_long_row_of_crashes_saturates) {
  restart_tracker tracker{{.max_restarts = 5'000, .window = 1h, .backoff_coefficient = 10.0}};
  for (int i = 0; i < 5'000; ++i)
    BOOST_REQUIRE((tracker.on_crash(start).value() <= 5s));
  BOOST_TEST(!tracker.on_crash(start).has_value());
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
