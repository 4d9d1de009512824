// Who is a member, in every table that there is; two coordinators at one table.
#include "actors/workflow/errors.hpp"
#include "actors/workflow/members/member_table.hpp"
#include "tests/support/files.hpp"
#include "tests/support/postgres_server.hpp"
#include "tests/support/results.hpp"

#include <algorithm>
#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <set>
#include <thread>

using namespace troupe;
using namespace troupe::workflow;
using namespace std::chrono_literals;
using troupe::test::must;

namespace {

/// An hour is not over during a test; one of no length is over at once.
constexpr auto patience = std::chrono::milliseconds{30s};
constexpr auto long_lease = std::chrono::milliseconds{1h}, no_lease = 0ms;

enum class table_kind { memory, sqlite, postgres };
std::ostream& operator<<(std::ostream& out, table_kind kind) {
  constexpr const char* names[] = {"memory", "SQLite", "PostgreSQL"};
  return out << names[static_cast<int>(kind)];
}
const auto kinds =
    boost::unit_test::data::make({table_kind::memory, table_kind::sqlite, table_kind::postgres});
const auto lasting_kinds = boost::unit_test::data::make({table_kind::sqlite, table_kind::postgres});

/// A table without members, which several coordinators may have open. On the server all have one schema after the other, since
/// to make one takes its time.
class table_place {
public:
  explicit table_place(table_kind kind, bool is_new = false)
      : kind_(kind), schema_(is_new ? test::any_schema() : shared_schema()) {
    if (kind_ != table_kind::postgres) return;
    must(open()->leases());
    test::postgres_server::shared().execute("DELETE FROM " + schema_ + ".members; DELETE FROM " +
                                            schema_ + ".member_leases");
  }

  [[nodiscard]] std::shared_ptr<member_table> open(std::size_t most = most_members) {
    if (kind_ == table_kind::sqlite)
      return sqlite_members(folder_.path() / "runs.db", {.most = most, .busy_timeout = patience});
    if (kind_ == table_kind::postgres)
      return postgres_members(
          test::postgres_server::shared().address(schema_),
          {.most = most, .lock_timeout = patience, .statement_timeout = patience});
    if (!memory_) memory_ = make_memory_members({.most = most});
    return memory_;
  }

private:
  static const std::string& shared_schema() {
    static const std::string made = test::any_schema();
    return made;
  }

  const table_kind kind_;
  const std::string schema_;
  const test::temporary_folder folder_;
  std::shared_ptr<member_table> memory_;
};

member_key join(member_table& at, const std::string& node,
                std::chrono::milliseconds lease = long_lease) {
  return {node, must(at.join(node, "about " + node, lease)).incarnation};
}

bool renew_one(member_table& at, const member_key& key,
               std::chrono::milliseconds lease = long_lease) {
  return must(at.renew(std::array{key}, lease)).front();
}

member_lease_row lease_of(member_table& at, const std::string& node) {
  for (auto& each : must(at.leases()))
    if (each.key.node == node) return each;
  throw std::runtime_error{"no lease of " + node};
}

/// "a active, b dead"
std::string words_of(const member_changes& changes) {
  constexpr const char* states[] = {"?", "joining", "active", "draining", "left", "dead"};
  std::string made;
  for (const auto& each : changes.rows)
    made += (made.empty() ? "" : ", ") + each.key.node + " " + states[static_cast<int>(each.state)];
  return made;
}

BOOST_AUTO_TEST_SUITE(membership_table)

BOOST_DATA_TEST_CASE(a_node_that_joins_is_found_as_it_was, kinds, kind) {
  table_place place{kind};
  const auto table = place.open();
  BOOST_TEST(must(table->changes_since(0)).complete);
  BOOST_TEST(must(table->changes_since(0)).rows.empty());
  BOOST_TEST(must(table->leases()).empty());
  const std::string details{"\0\xff bytes", 8};
  const auto joined = must(table->join("node-1", details, 2'000ms));
  const auto found = must(place.open()->changes_since(0));
  BOOST_TEST(found.complete);
  BOOST_REQUIRE(found.rows.size() == 1U);
  BOOST_TEST((found.rows[0].key == member_key{"node-1", joined.incarnation}));
  BOOST_TEST((found.rows[0].state == member_state::joining));
  BOOST_TEST((found.rows[0].joined == joined.joined));
  BOOST_TEST(found.rows[0].details == details);
  BOOST_TEST(found.version >= found.rows[0].version);
  const auto lease = lease_of(*table, "node-1");
  BOOST_TEST((lease.key == found.rows[0].key));
  BOOST_TEST((lease.lease_end - lease.renewed == 2'000ms));
  BOOST_TEST((lease.renewed >= joined.joined));
}

BOOST_DATA_TEST_CASE(incarnations_only_grow, kinds, kind) {
  table_place place{kind};
  const auto table = place.open();
  std::uint64_t last = 0;
  for (const char* node : {"a", "b", "a", "a", "c"}) {
    const auto key = join(*table, node);
    BOOST_TEST(key.incarnation > last);
    last = key.incarnation;
  }
  // Also after the table was lost with its counter: they follow the time of day.
  table_place other{kind, true};
  const std::chrono::system_clock::time_point after{std::chrono::milliseconds{last + 1}};
  while (std::chrono::system_clock::now() < after)
    std::this_thread::yield();
  BOOST_TEST(join(*other.open(), "a").incarnation > last);
}

BOOST_DATA_TEST_CASE(a_later_life_fences_the_earlier_one_out, kinds, kind) {
  table_place place{kind};
  const auto table = place.open();
  const auto first = join(*table, "a");
  BOOST_TEST(renew_one(*table, first));
  const auto second = join(*table, "a");
  BOOST_TEST(!renew_one(*table, first));
  BOOST_TEST(!must(table->advance(first, member_state::active)));
  BOOST_TEST(!must(table->declare_dead({first, 1, {}, {}})));
  BOOST_TEST(renew_one(*table, second));
  BOOST_TEST(must(table->leases()).size() == 1U);
}

BOOST_DATA_TEST_CASE(many_are_renewed_at_once_and_each_is_told, kinds, kind) {
  table_place place{kind};
  const auto table = place.open();
  const auto a = join(*table, "a"), b = join(*table, "b"), old = join(*table, "c");
  const auto c = join(*table, "c");
  const auto before = lease_of(*table, "a");
  const std::vector<member_key> asked{b, {"nobody", 7}, old, a, c, a};
  BOOST_TEST((must(table->renew(asked, long_lease)) ==
              std::vector<bool>{true, false, false, true, true, true}));
  BOOST_TEST(lease_of(*table, "a").renewals > before.renewals);
  BOOST_TEST((lease_of(*table, "a").lease_end > before.lease_end));
  BOOST_TEST(must(table->renew({}, long_lease)).empty());
  const auto version = must(table->changes_since(0)).version;
  BOOST_TEST(renew_one(*table, a));
  BOOST_TEST(must(table->changes_since(0)).version == version, "leases are no changes");
}

BOOST_DATA_TEST_CASE(states_only_go_on, kinds, kind) {
  table_place place{kind};
  const auto table = place.open();
  const auto a = join(*table, "a");
  BOOST_TEST(must(table->advance(a, member_state::active)));
  BOOST_TEST(words_of(must(table->changes_since(0))) == "a active");
  BOOST_TEST(must(table->advance(a, member_state::draining)));
  BOOST_TEST(must(table->advance(a, member_state::active)), "it has come as far");
  BOOST_TEST(words_of(must(table->changes_since(0))) == "a draining");
  const auto version = must(table->changes_since(0)).version;
  BOOST_TEST(must(table->advance(a, member_state::left)));
  BOOST_TEST(words_of(must(table->changes_since(version))) == "a left");
  BOOST_TEST(!must(table->advance(a, member_state::active)));
  BOOST_TEST(!renew_one(*table, a));
  BOOST_TEST(must(table->leases()).empty());
  BOOST_TEST(words_of(must(table->changes_since(0))).empty(), "all members: it is none");
}

BOOST_DATA_TEST_CASE(only_a_lease_that_is_over_and_was_seen_ends_a_member, kinds, kind) {
  table_place place{kind};
  const auto table = place.open();
  const auto a = join(*table, "a");
  BOOST_TEST(!must(table->declare_dead(lease_of(*table, "a"))), "the lease is not over");
  BOOST_TEST(renew_one(*table, a, no_lease));
  const auto seen = lease_of(*table, "a");
  auto earlier = seen;
  --earlier.renewals;
  BOOST_TEST(!must(table->declare_dead(earlier)), "it was renewed meanwhile");
  BOOST_TEST(must(table->declare_dead(seen)));
  BOOST_TEST(!must(table->declare_dead(seen)), "another one has done it");
  BOOST_TEST(!renew_one(*table, a), "who is dead stays so");
  BOOST_TEST(!must(table->advance(a, member_state::active)));
  const auto changes = must(table->changes_since(seen.key.incarnation));
  BOOST_TEST(words_of(changes) == "a dead");
  BOOST_TEST(renew_one(*table, join(*table, "a")), "a new life is another one");
}

BOOST_DATA_TEST_CASE(a_renewal_makes_up_for_a_lease_that_is_over, kinds, kind) {
  table_place place{kind};
  const auto table = place.open();
  const auto a = join(*table, "a", no_lease);
  const auto seen = lease_of(*table, "a");
  BOOST_TEST(renew_one(*table, a));
  BOOST_TEST(!must(table->declare_dead(seen)));
}

BOOST_DATA_TEST_CASE(changes_are_told_from_any_version_on, kinds, kind) {
  table_place place{kind};
  const auto table = place.open();
  const auto a = join(*table, "a");
  const auto first = must(table->changes_since(0));
  join(*table, "b");
  BOOST_TEST(must(table->advance(a, member_state::active)));
  auto changed = must(table->changes_since(first.version));
  BOOST_TEST(words_of(changed) == "b joining, a active", "each once, as they changed");
  BOOST_TEST(!changed.complete);
  BOOST_TEST(words_of(must(table->changes_since(changed.version))).empty());
  BOOST_TEST(!must(table->changes_since(changed.version)).complete);
  BOOST_TEST(must(table->changes_since(changed.version + 1'000'000)).complete,
             "whoever knows more knew another table");
}

BOOST_DATA_TEST_CASE(members_are_bounded, kinds, kind) {
  table_place place{kind};
  const auto table = place.open(3);
  for (const char* node : {"a", "b", "c"})
    join(*table, node);
  const auto refused = table->join("d", "", long_lease);
  BOOST_REQUIRE(!refused);
  BOOST_TEST((refused.error().code == make_error_code(workflow_errc::store_full)));
  join(*table, "b");
  BOOST_TEST(must(table->leases()).size() == 3U);
}

BOOST_DATA_TEST_CASE(members_outlive_whoever_wrote_them, lasting_kinds, kind) {
  table_place place{kind};
  const auto a = join(*place.open(), "a");
  BOOST_TEST(renew_one(*place.open(), a));
}

// Each incarnation ends once, whoever tries; who is renewed at one coordinator is not dead at the other.
BOOST_DATA_TEST_CASE(two_coordinators_race, kinds, kind) {
  table_place place{kind};
  place.open()->leases().value();
  std::array<std::shared_ptr<member_table>, 2> tables{place.open(), place.open()};
  constexpr int rounds = 10;
  std::array<std::vector<member_key>, 2> joined, declared, renewed;
  const auto work = [&](std::size_t me) {
    member_table& table = *tables.at(me);
    for (int i = 0; i < rounds; ++i) {
      const auto shared = must(table.join("shared", "", no_lease));
      joined.at(me).push_back({"shared", shared.incarnation});
      const auto own = join(table, "own-" + std::to_string(me), no_lease);
      for (const auto& seen : must(table.leases()))
        if (must(table.declare_dead(seen))) declared.at(me).push_back(seen.key);
      if (renew_one(table, own)) renewed.at(me).push_back(own);
    }
  };
  std::thread other{work, 1};
  work(0);
  other.join();
  std::multiset<member_key> dead;
  std::set<member_key> lives;
  for (std::size_t me = 0; me < 2; ++me) {
    dead.insert(declared.at(me).begin(), declared.at(me).end());
    lives.insert(joined.at(me).begin(), joined.at(me).end());
  }
  for (const auto& mine : renewed)
    for (const auto& each : mine)
      BOOST_TEST(!dead.contains(each), each.node << " " << each.incarnation);
  BOOST_TEST(lives.size() == 2U * rounds, "no incarnation was given twice");
  for (const auto& each : dead)
    BOOST_TEST(dead.count(each) == 1U, each.node << " " << each.incarnation);
  BOOST_TEST(dead.size() >= 2U);
}

BOOST_DATA_TEST_CASE(renewals_of_the_same_members_do_not_stand_in_each_others_way, kinds, kind) {
  table_place place{kind};
  const auto first = place.open(), second = place.open();
  std::vector<member_key> members;
  for (int i = 0; i < 40; ++i)
    members.push_back(join(*first, "n" + std::to_string(i)));
  std::vector<member_key> backwards{members.rbegin(), members.rend()};
  const auto all = std::vector<bool>(members.size(), true);
  std::thread other{[&] {
    for (int i = 0; i < 10; ++i)
      BOOST_TEST((must(second->renew(backwards, long_lease)) == all));
  }};
  for (int i = 0; i < 10; ++i)
    BOOST_TEST((must(first->renew(members, long_lease)) == all));
  other.join();
  BOOST_TEST(lease_of(*first, "n7").renewals == 20U);
}

BOOST_AUTO_TEST_CASE(who_went_long_ago_is_forgotten) {
  auto now = std::chrono::system_clock::now();
  const test::temporary_folder folder;
  for (const auto& table :
       {make_memory_members({.now = [&] { return now; }}),
        sqlite_members(folder.path() / "runs.db", {.now = [&] { return now; }})}) {
    const auto a = join(*table, "a");
    const auto known = must(table->changes_since(0)).version;
    BOOST_TEST(must(table->advance(a, member_state::left)));
    join(*table, "b");
    BOOST_TEST(words_of(must(table->changes_since(known))) == "a left, b joining");
    now += gone_members_kept + 1s;
    join(*table, "c");
    const auto changed = must(table->changes_since(known));
    BOOST_TEST(changed.complete, "nobody can say any more what became of a");
    BOOST_TEST(words_of(changed) == "b joining, c joining");
  }
}

BOOST_AUTO_TEST_CASE(a_connection_that_was_lost_is_made_again) {
  const auto& server = test::postgres_server::shared();
  const auto table = postgres_members(server.address(test::any_schema()),
                                      {.lock_timeout = patience, .statement_timeout = patience});
  const auto a = join(*table, "a");
  const auto cut = [&] {
    server.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE "
                   "pid <> pg_backend_pid() AND application_name = 'troupe'");
  };
  cut();
  BOOST_TEST(renew_one(*table, a));
  cut();
  BOOST_TEST(must(table->leases()).size() == 1U);
  cut();
  BOOST_TEST(!must(table->changes_since(0)).rows.empty());
  cut();
  BOOST_TEST(join(*table, "a").incarnation > a.incarnation);
}

BOOST_AUTO_TEST_CASE(a_store_that_is_not_there_is_told_at_once) {
  const auto unavailable = make_error_code(workflow_errc::store_unavailable);
  const auto nobody = postgres_members("postgresql://nobody@127.0.0.1:1/none");
  BOOST_TEST((nobody->leases().error().code == unavailable));
  const auto nowhere = sqlite_members("/nowhere/runs.db");
  BOOST_TEST((nowhere->join("a", "", no_lease).error().code == unavailable));
}

BOOST_AUTO_TEST_CASE(the_clock_of_leases_does_not_follow_the_time_of_day) {
  const auto clock = make_lease_clock();
  const auto begin = clock();
  BOOST_TEST((std::chrono::abs(begin - std::chrono::system_clock::now()) < 10s));
  auto last = begin;
  for (int i = 0; i < 1'000; ++i) {
    const auto next = clock();
    BOOST_TEST((next >= last));
    last = next;
  }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
