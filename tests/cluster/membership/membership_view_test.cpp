// Who is a member, from changes: events lead from one view to the next, and views do not change.
#include "cluster/membership/membership_view.hpp"
#include "tests/cluster/membership/records.hpp"

#include <boost/test/unit_test.hpp>

using namespace troupe;
using namespace troupe::cluster;
using troupe::test::some_member;

namespace {

member_record at(const std::string& node, std::uint64_t incarnation,
                 member_state state = member_state::active) {
  auto made = some_member(node);
  made.incarnation = incarnation;
  made.state = state;
  return made;
}

/// "joined a1, lost b2"
std::string words_of(const std::vector<member_event>& events) {
  constexpr const char* names[] = {"joined", "changed", "left", "lost", "suspected", "trusted"};
  std::string made;
  for (const auto& [what, member] : events)
    made += (made.empty() ? "" : ", ") + std::string{names[static_cast<int>(what)]} + " " +
            member->node + std::to_string(member->incarnation);
  return made;
}

struct watcher {
  view_ptr view = std::make_shared<const membership_view>();

  std::string take(std::uint64_t version, bool complete, std::vector<member_record> members) {
    std::vector<member_event> events;
    view = view->after({version, complete, std::move(members)}, events);
    return words_of(events);
  }
  std::string suspect(const member_key& who, bool suspected) {
    std::vector<member_event> events;
    if (auto made = view->after(who, suspected, events)) view = made;
    return words_of(events);
  }
};

BOOST_AUTO_TEST_SUITE(membership_views)

BOOST_FIXTURE_TEST_CASE(members_come_change_and_go, watcher) {
  const auto empty = view;
  BOOST_TEST(take(5, true, {at("b", 2), at("a", 1)}) == "joined b2, joined a1");
  BOOST_TEST(view->version() == 5U);
  BOOST_REQUIRE(view->members().size() == 2U);
  BOOST_TEST(view->members()[0]->node == "a");
  BOOST_TEST(empty->members().empty());
  BOOST_TEST(take(6, false, {at("a", 1, member_state::draining)}) == "changed a1");
  BOOST_TEST(take(6, false, {at("a", 1, member_state::draining)}).empty());
  BOOST_TEST(take(7, false, {at("b", 2, member_state::left)}) == "left b2");
  BOOST_TEST(take(8, false, {at("a", 1, member_state::dead)}) == "lost a1");
  BOOST_TEST(view->members().empty());
  BOOST_TEST(take(9, false, {at("a", 1, member_state::dead)}).empty());
}

BOOST_FIXTURE_TEST_CASE(a_later_life_takes_the_place_of_the_earlier_one, watcher) {
  take(1, true, {at("a", 1)});
  BOOST_TEST(take(2, false, {at("a", 4)}) == "lost a1, joined a4");
  BOOST_TEST(take(3, false, {at("a", 1, member_state::dead)}).empty());
  BOOST_TEST(view->is_current({"a", 4}));
  BOOST_TEST(!view->is_current({"a", 1}));
  BOOST_TEST(!view->is_current({"b", 4}));
}

BOOST_FIXTURE_TEST_CASE(who_is_missing_from_a_complete_list_is_lost, watcher) {
  take(1, true, {at("a", 1), at("b", 2), at("c", 3)});
  BOOST_TEST(take(9, true, {at("a", 1), at("c", 7)}) == "lost b2, lost c3, joined c7");
}

BOOST_FIXTURE_TEST_CASE(suspicion_is_of_one_life, watcher) {
  take(1, true, {at("a", 1), at("b", 2)});
  BOOST_TEST(suspect({"a", 1}, true) == "suspected a1");
  BOOST_TEST(suspect({"a", 1}, true).empty());
  BOOST_TEST(suspect({"a", 9}, false).empty());
  BOOST_TEST(suspect({"x", 1}, true).empty());
  BOOST_TEST(view->is_suspected("a"));
  const auto workers = view->with_role(node_role::worker);
  BOOST_REQUIRE(workers.size() == 2U);
  BOOST_TEST(workers.front()->node == "b", "who is suspected comes last");
  take(2, false, {at("a", 3)});
  BOOST_TEST(!view->is_suspected("a"));
  BOOST_TEST(suspect({"b", 2}, true) == "suspected b2");
  BOOST_TEST(suspect({"b", 2}, false) == "trusted b2");
}

BOOST_FIXTURE_TEST_CASE(who_drains_is_offered_nothing, watcher) {
  take(1, true, {at("a", 1, member_state::draining), at("b", 2, member_state::joining)});
  BOOST_TEST(view->with_role(node_role::worker).size() == 1U);
  BOOST_TEST(view->with_role(node_role::gateway).empty());
  BOOST_TEST((view->find("a")->state == member_state::draining));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
