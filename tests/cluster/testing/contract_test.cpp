// The network in memory is a transport like any other.
#include "tests/cluster/testing/support.hpp"

using namespace troupe;
using namespace troupe::cluster::testing;
namespace contract = troupe::test::transport_contract;

namespace {

BOOST_AUTO_TEST_SUITE(cluster_testing_contract)

BOOST_AUTO_TEST_CASE(on_a_virtual_clock) {
  const auto clock = virtual_timer::make();
  memory_network network{clock};
  contract::everything({
      .make = [&](const auto& who) { return network.make(who); },
      .wait = [&](auto&, const auto& done) { return test::wait_virtually(*clock, done); },
  });
}

BOOST_AUTO_TEST_CASE(on_a_thread_of_its_own) {
  memory_network network;
  contract::everything({
      .make = [&](const auto& who) { return network.make(who); },
      .wait = test::wait_for_threads,
      .any = "mem://b",
      .nobody = "mem://nobody",
  });
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
