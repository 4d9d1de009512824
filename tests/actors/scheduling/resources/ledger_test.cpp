#include "actors/scheduling/resources/ledger.hpp"
#include "actors/scheduling/resources/resource_text.hpp"
#include "actors/scheduling/resources/waiting_line.hpp"

#include <boost/test/unit_test.hpp>
#include <stdexcept>

using namespace troupe::scheduling;

BOOST_AUTO_TEST_SUITE(resource_ledger)

namespace {

resource_vector of(const std::string& text) {
  auto parsed = parse_resources(text);
  if (!parsed) throw std::runtime_error{parsed.error()};
  auto made = make_resources(*parsed);
  if (!made) throw std::runtime_error{made.error()};
  return *made;
}

using key = waiting_line::key;

} // namespace

BOOST_AUTO_TEST_CASE(a_demand_is_granted_whole_or_not_at_all) {
  ledger node{of("cpu=2,memory=1GiB,license=1")};
  const auto first = node.try_grant(of("cpu=1.5,memory=512MiB"), "r/a/0");
  BOOST_REQUIRE(first);
  BOOST_TEST(!node.try_grant(of("cpu=0.5,memory=513MiB"), "r/b/0"));
  BOOST_TEST(format_resources(node.free()) == "cpu=0.5,memory=512MiB,license=1");
  const auto second = node.try_grant(of("cpu=0.5,license=1"), "r/c/0");
  BOOST_REQUIRE(second);
  BOOST_TEST(!node.try_grant(of("license=1"), "r/d/0"));
  BOOST_TEST(!node.try_grant(of("other=1"), "r/d/0"));
  BOOST_TEST(node.release(*first));
  BOOST_TEST(!node.release(*first)); // nothing is given back twice
  BOOST_TEST(node.release(*second));
  BOOST_TEST((node.free() == node.capacity()));
  BOOST_TEST(node.grants().empty());
}

BOOST_AUTO_TEST_CASE(what_is_missing_is_named_with_its_holders) {
  ledger node{of("cpu=2,gpu=1")};
  BOOST_REQUIRE(node.try_grant(of("cpu=1"), "r/a/0"));
  BOOST_REQUIRE(node.try_grant(of("gpu=1"), "r/b/0"));
  const auto missing = shortages(node, of("cpu=2,gpu=1"));
  BOOST_REQUIRE(missing.size() == 2u);
  BOOST_TEST(to_string(missing[0]) == "cpu 1 of 2 taken by r/a/0 (2 demanded)");
  BOOST_TEST(to_string(missing[1]) == "gpu 1 of 1 taken by r/b/0 (1 demanded)");
  BOOST_TEST(shortages(node, of("cpu=1")).empty());
  const auto never = never_enough(node, of("cpu=3,gpu=1,x=1"));
  BOOST_REQUIRE(never.size() == 2u);
  BOOST_TEST(never[0].name == "cpu");
  BOOST_TEST(never[1].name == "x");
  BOOST_TEST(never_enough(node, of("cpu=2,gpu=1")).empty());
}

BOOST_AUTO_TEST_CASE(a_large_demand_is_not_starved_by_small_ones) {
  ledger node{of("cpu=4,gpu=1")};
  const auto small = node.try_grant(of("cpu=1"), "small");
  waiting_line line;
  line.add({0, 1}, of("cpu=4"));
  line.add({0, 2}, of("cpu=1"));
  line.add({0, 3}, of("gpu=1"));
  // Three cores are free and kept for the first; what needs none of them goes past.
  BOOST_REQUIRE(line.next(node.free()));
  BOOST_TEST((*line.next(node.free()) == key{0, 3}));
  BOOST_TEST(line.remove({0, 3}));
  BOOST_TEST(!line.next(node.free()));
  BOOST_TEST((*line.reserved_for(node.free()) == key{0, 1}));
  BOOST_TEST((*line.first() == key{0, 1}));
  BOOST_TEST(node.release(*small));
  BOOST_TEST((*line.next(node.free()) == key{0, 1}));
}

BOOST_AUTO_TEST_CASE(what_the_first_leaves_may_be_taken) {
  const resource_vector free = of("cpu=4,memory=1GiB");
  waiting_line line;
  line.add({0, 1}, of("cpu=2,memory=2GiB"));
  line.add({0, 2}, of("cpu=3"));
  line.add({0, 3}, of("cpu=2"));
  BOOST_TEST((*line.next(free) == key{0, 3}));
}

BOOST_AUTO_TEST_CASE(priority_goes_before_age) {
  const resource_vector free = of("cpu=1");
  waiting_line line;
  line.add({0, 1}, of("cpu=1"));
  line.add({-5, 2}, of("cpu=1"));
  line.add({-9, 3}, of("cpu=8"));
  BOOST_TEST(!line.next(free)); // the one core is kept for the highest
  BOOST_TEST(line.remove({-9, 3}));
  BOOST_TEST((*line.next(free) == key{-5, 2}));
  BOOST_TEST(!line.remove({-9, 3}));
  BOOST_TEST(line.size() == 2u);
}

BOOST_AUTO_TEST_CASE(numbers_do_not_overflow) {
  resource_vector most;
  most.memory_bytes = most_resource_amount;
  resource_vector one;
  one.memory_bytes = 1;
  BOOST_TEST(!sum(most, one));
  BOOST_TEST(!difference(one, most));
  BOOST_TEST((difference(most, most) == resource_vector{}));
}

BOOST_AUTO_TEST_SUITE_END()
