#include "cluster/membership/phi_detector.hpp"

#include <boost/test/unit_test.hpp>

using namespace troupe::cluster;
using namespace std::chrono_literals;

namespace {

const phi_detector::time_point start{1h};

/// One that has heard something every 500 ms, a hundred times.
struct regular {
  phi_detector detector{500ms, start};
  phi_detector::time_point last = start;

  regular() {
    for (int i = 0; i < 100; ++i)
      detector.arrived(last += 500ms);
  }
};

BOOST_AUTO_TEST_SUITE(membership_phi)

BOOST_FIXTURE_TEST_CASE(phi_is_the_logarithm_of_the_chance, regular) {
  // Mean 500 ms, deviation 100 ms, the least: at the mean one half is still to come, at mean + k deviations Q(k).
  BOOST_TEST(detector.phi(last) == 0.0);
  BOOST_TEST(detector.phi(last + 500ms) == 0.30103, boost::test_tools::tolerance(1e-4));
  BOOST_TEST(detector.phi(last + 700ms) == 1.64301, boost::test_tools::tolerance(1e-4));   // Q(2)
  BOOST_TEST(detector.phi(last + 800ms) == 2.86966, boost::test_tools::tolerance(1e-4));   // Q(3)
  BOOST_TEST(detector.phi(last + 1'100ms) == 9.00586, boost::test_tools::tolerance(1e-4)); // Q(6)
  BOOST_TEST(detector.phi(last + 1h) == 300.0);
}

BOOST_FIXTURE_TEST_CASE(it_grows_with_silence_and_ends_with_a_sign, regular) {
  double before = -1.0;
  for (auto silence = 0ms; silence < 2s; silence += 50ms) {
    BOOST_TEST(detector.phi(last + silence) >= before);
    before = detector.phi(last + silence);
  }
  detector.arrived(last + 2s);
  BOOST_TEST(detector.phi(last + 2s + 100ms) < 1.0);
}

BOOST_AUTO_TEST_CASE(who_is_irregular_is_given_more_time) {
  regular steady;
  phi_detector odd{500ms, start};
  auto last = start;
  for (int i = 0; i < 100; ++i)
    odd.arrived(last += i % 2 == 0 ? 100ms : 900ms);
  BOOST_TEST(odd.phi(last + 1'200ms) < steady.detector.phi(steady.last + 1'200ms) / 2);
}

BOOST_AUTO_TEST_CASE(several_at_once_were_spread_over_the_time) {
  phi_detector detector{500ms, start};
  auto last = start;
  for (int i = 0; i < 100; ++i)
    detector.arrived(last += 1s, 2);
  BOOST_TEST(detector.phi(last + 500ms) == 0.30103, boost::test_tools::tolerance(1e-4));
}

BOOST_FIXTURE_TEST_CASE(time_when_nobody_looked_says_nothing, regular) {
  detector.passed_over(last + 1h);
  BOOST_TEST(detector.phi(last + 1h + 300ms) < 0.1);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
