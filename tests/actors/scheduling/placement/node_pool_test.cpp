#include "tests/actors/scheduling/placement/nodes.hpp"

#include <boost/test/unit_test.hpp>

using namespace troupe::scheduling;
using namespace troupe::test;

BOOST_AUTO_TEST_SUITE(scheduling_node_pool)

BOOST_AUTO_TEST_CASE(counts_places_of_those_that_are_active) {
  node_pool pool;
  const auto a = pool.add(a_node("a", "cpu=2", 3));
  const auto b = pool.add(a_node("b", "cpu=4", 2));
  BOOST_TEST(pool.places() == 5u);
  BOOST_TEST((pool.capacity() == resources_of("cpu=6")));
  const auto held = pool.start(b, resources_of("cpu=3"), "r/a/0", 10, 10);
  BOOST_TEST(pool.free_places() == 4u);
  BOOST_TEST(pool.find(b)->work_seconds == 10);
  BOOST_TEST(pool.find(b)->load() == 0.5);
  BOOST_TEST(pool.find(b)->backlog_seconds() == 5);
  pool.set_state(b, node_state::draining);
  BOOST_TEST(pool.places() == 3u);
  BOOST_TEST(pool.free_places() == 3u);
  pool.finish(b, held, 10);
  BOOST_TEST(pool.free_places() == 3u);
  BOOST_TEST((pool.find(b)->books.free() == resources_of("cpu=4")));
  pool.set_state(b, node_state::active);
  BOOST_TEST(pool.free_places() == 5u);
  pool.remove(a);
  BOOST_TEST(pool.places() == 2u);
  BOOST_TEST((pool.find("a") == nullptr));
  pool.finish(a, 0, 1); // it is gone
  BOOST_TEST(pool.free_places() == 2u);
}

BOOST_AUTO_TEST_CASE(one_that_returns_has_another_number) {
  node_pool pool;
  const auto first = pool.add(a_node("a"));
  pool.remove(first);
  BOOST_TEST(pool.nodes().empty());
  BOOST_TEST(pool.add(a_node("a")) != first);
  BOOST_TEST((pool.find(first) == nullptr));
}

BOOST_AUTO_TEST_CASE(what_changes_keeps_what_it_has_at_work) {
  node_pool pool;
  const auto a = pool.add(a_node("a", "cpu=2", 3));
  const auto held = pool.start(a, resources_of("cpu=1"), "x", 1, 1);
  pool.update(a, a_node("ignored", "cpu=8", 1, "fast"));
  BOOST_TEST(pool.find(a)->is.name == "a");
  BOOST_TEST(pool.find(a)->is.node_class == "fast");
  BOOST_TEST(pool.free_places() == 0u);
  BOOST_TEST((pool.find(a)->books.free() == resources_of("cpu=1"))); // as long as some is held
  pool.finish(a, held, 1);
  pool.update(a, a_node("a", "cpu=8", 1, "fast"));
  BOOST_TEST((pool.find(a)->books.free() == resources_of("cpu=8")));
}

BOOST_AUTO_TEST_CASE(needs_are_agents_names_and_classes) {
  node_pool pool;
  auto offers = a_node("a", "", 4, "slow");
  offers.offers = {false, {{"x", {}}, {"y", {"k"}}}};
  const auto a = pool.add(offers);
  const auto b = pool.add(a_node("b", "", 4, "fast"));
  const auto meets = [&](auto node, const char* type, const char* key, const char* name = "",
                         const char* node_class = "") {
    return pool.meets(*pool.find(node), pool.need_of(type, key, name, node_class));
  };
  BOOST_TEST(meets(a, "x", "any"));
  BOOST_TEST(meets(a, "y", "k"));
  BOOST_TEST(!meets(a, "y", "other"));
  BOOST_TEST(!meets(a, "z", "k"));
  BOOST_TEST(meets(b, "z", "k"));
  BOOST_TEST(!meets(a, "x", "k", "b"));
  BOOST_TEST(!meets(a, "x", "k", "", "fast"));
  BOOST_TEST(meets(b, "x", "k", "b", "fast"));
  BOOST_TEST(pool.need_of("x", "k", "", "") == pool.need_of("x", "k", "", ""));
  BOOST_TEST(pool.groups_for(pool.need_of("z", "", "", "")).size() == 1u);
  BOOST_TEST(pool.groups_for(any_node).size() == 2u);
  pool.remove(b);
  BOOST_TEST(pool.groups_for(pool.need_of("z", "", "", "")).empty());
}

BOOST_AUTO_TEST_CASE(says_who_could_hold_what_and_who_is_nearest) {
  node_pool pool;
  const auto a = pool.add(a_node("a", "cpu=4"));
  const auto b = pool.add(a_node("b", "cpu=8"));
  BOOST_TEST(pool.could_hold(any_node, resources_of("cpu=8")));
  BOOST_TEST(!pool.could_hold(any_node, resources_of("cpu=8"), b));
  BOOST_TEST(!pool.could_hold(any_node, resources_of("cpu=9")));
  (void)pool.start(a, resources_of("cpu=3"), "x", 5, 5);
  (void)pool.start(b, resources_of("cpu=2"), "y", 9, 9);
  (void)pool.start(b, resources_of("cpu=5"), "z", 3, 3);
  BOOST_TEST(pool.soonest(any_node, resources_of("cpu=4"))->number == b); // after 3, `a` after 5
  BOOST_TEST(pool.soonest(any_node, resources_of("cpu=7"))->number == b); // after 9, `a` never
  BOOST_TEST(pool.nearest(any_node, resources_of("cpu=2"))->number == a); // one of two on either
  pool.set_state(b, node_state::suspect);
  BOOST_TEST((pool.soonest(any_node, resources_of("cpu=7")) == nullptr));
  BOOST_TEST(!pool.could_hold(any_node, resources_of("cpu=7")));
}

BOOST_AUTO_TEST_SUITE_END()
