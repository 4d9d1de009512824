#include "cluster/membership/change_log.hpp"

#include <boost/test/unit_test.hpp>

using namespace troupe;
using namespace troupe::cluster;

namespace {

v1::Member member(const std::string& node, v1::MemberState state = v1::MEMBER_STATE_ACTIVE) {
  v1::Member made;
  made.set_node(node);
  made.set_state(state);
  return made;
}

struct log_fixture {
  change_log log;

  void take(bool complete, std::uint64_t version, v1::Member of) {
    log.begin(complete);
    log.add(version, std::move(of));
    log.finish(version);
  }
  [[nodiscard]] std::string since(std::uint64_t known) const {
    const auto found = log.since(known);
    std::string made = std::to_string(found.version()) + (found.complete() ? " all" : "");
    for (const auto& each : found.members())
      made += " " + each.node() + (each.state() >= v1::MEMBER_STATE_LEFT ? "-" : "");
    return made;
  }
};

BOOST_AUTO_TEST_SUITE(membership_change_log)

BOOST_FIXTURE_TEST_CASE(it_tells_what_somebody_does_not_know, log_fixture) {
  log.begin(true);
  log.add(3, member("a"));
  log.add(5, member("b"));
  log.finish(6);
  BOOST_TEST(since(0) == "6 all a b");
  BOOST_TEST(since(5) == "6 all a b", "who has gone before is not known");
  BOOST_TEST(since(6) == "6");
  take(false, 8, member("a", v1::MEMBER_STATE_DEAD));
  take(false, 9, member("c"));
  BOOST_TEST(since(6) == "9 a- c");
  BOOST_TEST(since(8) == "9 c");
  BOOST_TEST(since(0) == "9 all b c");
  BOOST_TEST(since(20) == "20", "another coordinator knows more");
}

BOOST_FIXTURE_TEST_CASE(those_that_have_gone_are_bounded, log_fixture) {
  take(true, 1, member("stays"));
  for (std::uint64_t i = 2; i < 5'000; ++i)
    take(false, i, member("n" + std::to_string(i), v1::MEMBER_STATE_LEFT));
  BOOST_TEST(log.since(1).complete(), "it is not known any more who has gone since");
  BOOST_TEST(log.since(1).members_size() == 1);
  const auto late = log.since(4'900);
  BOOST_TEST(!late.complete());
  BOOST_TEST(late.members_size() == 99);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
