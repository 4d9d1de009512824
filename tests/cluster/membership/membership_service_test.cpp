// A coordinator's membership, in virtual time, on a table that can be out of reach.
#include "cluster/membership/errc.hpp"
#include "tests/cluster/membership/small_cluster.hpp"

#include <boost/test/unit_test.hpp>

using namespace troupe;
using namespace troupe::cluster;
using namespace troupe::test;

namespace {

/// A member that renews at a coordinator as long as it is told to.
class plain_member {
  /// Outlives it: answers may come when a test is over.
  struct answers {
    member_key key;
    std::string last_failure{};
  };
  std::shared_ptr<answers> got_;

public:
  membership_service& at;
  member_key& key;
  std::string& last_failure;

  plain_member(membership_service& where, const std::string& node)
      : got_(std::make_shared<answers>(answers{{node, 0}})), at(where), key(got_->key),
        last_failure(got_->last_failure) {
    at.join(some_member(node), [into = got_](const reply<membership_service::grant>& got) {
      if (got)
        into->key.incarnation = got->incarnation;
      else
        into->last_failure = got.error().type;
    });
  }
  void renew(member_state state = member_state::active) {
    last_failure = "none";
    at.renew(key, state, [into = got_](const reply<std::chrono::milliseconds>& got) {
      if (!got) into->last_failure = got.error().type;
    });
  }
};

void renew_for(small_cluster& in, std::chrono::milliseconds time, plain_member& member) {
  for (auto gone = 0ms; gone < time; gone += 500ms) {
    member.renew();
    in.pass(500ms);
  }
}

BOOST_AUTO_TEST_SUITE(membership_services)

BOOST_FIXTURE_TEST_CASE(coordinators_know_each_other_and_keep_their_leases, small_cluster) {
  auto& one = start("c1");
  BOOST_TEST(one.service->holds());
  BOOST_TEST(one.service->incarnation() > 0U);
  pass(300ms);
  BOOST_TEST(one.heard->since() == "I joined, c1 joined, c1 changed");
  auto& two = start("c2");
  pass(20s);
  BOOST_TEST(one.heard->since() == "c2 joined", "it was active before the next look");
  BOOST_TEST(two.heard->since() == "c1 joined, I joined, c2 joined, c2 changed");
  for (const auto* each : {&one, &two}) {
    BOOST_TEST(each->service->holds());
    BOOST_TEST(each->service->view()->members().size() == 2U);
    BOOST_TEST(each->service->counters().fenced == 0U);
  }
  BOOST_TEST((two.service->view()->find("c1")->state == member_state::active));
  stop("c2", true);
  pass(1s);
  BOOST_TEST(one.heard->since() == "c2 left");
}

BOOST_FIXTURE_TEST_CASE(who_is_silent_is_suspected_then_dead_once, small_cluster) {
  auto& one = start("c1");
  auto& two = start("c2");
  plain_member worker{*one.service, "w"};
  renew_for(*this, 10s, worker);
  BOOST_TEST((two.service->view()->find("w")->state == member_state::active));
  worker.renew();
  one.heard->since();
  two.heard->since();
  const auto suspected = pass_until([&] { return two.heard->has("w suspected"); }, 5s);
  BOOST_TEST(two.service->view()->is_suspected("w"));
  const auto lost =
      suspected +
      pass_until([&] { return one.heard->has("w lost") && two.heard->has("w lost"); }, 5s);
  BOOST_TEST_MESSAGE("suspected after " << suspected.count() << " ms, dead after " << lost.count());
  BOOST_TEST((suspected >= 700ms && suspected <= 2s));
  BOOST_TEST((lost >= 2s && lost <= 3s));
  BOOST_TEST(one.heard->since() == "w suspected, w lost");
  BOOST_TEST(one.service->counters().declared_dead + two.service->counters().declared_dead == 1U);
  worker.renew();
  pass(100ms);
  BOOST_TEST(worker.last_failure == "cluster.fenced", "who comes back late is fenced");
  BOOST_TEST(!one.service->view()->is_current(worker.key));
}

BOOST_FIXTURE_TEST_CASE(a_coordinator_that_dies_is_declared_by_the_other, small_cluster) {
  auto& one = start("c1");
  start("c2");
  pass(5s);
  stop("c2", false);
  one.heard->since();
  BOOST_TEST((pass_until([&] { return one.heard->has("c2 lost"); }, 5s) <= 3s));
  BOOST_TEST(one.service->holds());
}

BOOST_FIXTURE_TEST_CASE(while_the_table_is_away_nobody_dies_and_no_lease_goes_on, small_cluster) {
  auto& one = start("c1");
  plain_member worker{*one.service, "w"};
  renew_for(*this, 5s, worker);
  const auto first = one.service->incarnation();
  one.heard->since();
  table->away = true;
  worker.renew();
  pass(200ms);
  BOOST_TEST(worker.last_failure == "cluster.unavailable");
  const auto held = 200ms + pass_until([&] { return one.heard->has("I am fenced"); }, 5s);
  BOOST_TEST_MESSAGE("held for " << held.count() << " ms without the table");
  BOOST_TEST((held >= 1'300ms && held <= 2s));
  BOOST_TEST(!one.service->holds());
  pass(10s);
  BOOST_TEST(one.heard->since() == "I am fenced", "nothing on hearsay");
  BOOST_TEST(one.service->view()->find("w") != nullptr);
  BOOST_TEST(one.service->counters().store_failures > 0U);
  table->away = false;
  pass(2'200ms);
  worker.renew();
  pass(1'800ms);
  BOOST_TEST(one.service->view()->find("w") != nullptr, "it has had a whole lease to renew");
  BOOST_TEST(one.service->incarnation() > first);
  BOOST_TEST(one.service->holds());
  BOOST_TEST(one.service->view()->is_current({"c1", one.service->incarnation()}));
}

BOOST_FIXTURE_TEST_CASE(a_short_time_without_the_table_harms_nobody, small_cluster) {
  auto& one = start("c1");
  plain_member worker{*one.service, "w"};
  renew_for(*this, 5s, worker);
  one.heard->since();
  table->away = true;
  pass(1'200ms);
  table->away = false;
  renew_for(*this, 5s, worker);
  BOOST_TEST(one.heard->since().empty());
  BOOST_TEST(one.service->counters().declared_dead == 0U);
}

BOOST_FIXTURE_TEST_CASE(its_lease_ends_while_the_store_keeps_its_thread, small_cluster) {
  const auto stuck = std::make_shared<manual_executor>();
  told heard;
  auto made = options("c1", heard);
  made.store = stuck;
  const auto service = must(membership_service::start(made));
  stuck->run_all();
  pass(5s); // nothing runs there
  BOOST_TEST(heard.has("I am fenced"));
  BOOST_TEST(!service->holds());
  stuck->run_all();
  pass(100ms);
  stuck->run_all();
  BOOST_TEST(service->holds());
}

BOOST_FIXTURE_TEST_CASE(an_earlier_life_is_fenced_and_another_one_takes_its_place, small_cluster) {
  auto& one = start("c1");
  plain_member first{*one.service, "w"};
  renew_for(*this, 1s, first);
  one.heard->since();
  plain_member second{*one.service, "w"};
  BOOST_TEST(second.key.incarnation > first.key.incarnation);
  BOOST_TEST(one.heard->since() == "w lost, w joined");
  first.renew();
  pass(200ms);
  BOOST_TEST(first.last_failure == "cluster.fenced");
  second.renew();
  pass(200ms);
  BOOST_TEST(second.last_failure == "none");
}

BOOST_FIXTURE_TEST_CASE(states_go_on_by_renewals_and_by_operators, small_cluster) {
  auto& one = start("c1");
  plain_member worker{*one.service, "w"};
  const auto state = [&] { return one.service->view()->find("w")->state; };
  BOOST_TEST((state() == member_state::joining));
  renew_for(*this, 500ms, worker);
  BOOST_TEST((state() == member_state::active));
  bool done = false;
  one.service->advance(worker.key, member_state::draining,
                       [&](const reply<void>& got) { done = got.has_value(); });
  BOOST_TEST(done);
  renew_for(*this, 1s, worker); // it still says active
  BOOST_TEST((state() == member_state::draining));
  std::string refused;
  one.service->advance({"w", 1}, member_state::left,
                       [&](const reply<void>& got) { refused = got.error().type; });
  BOOST_TEST(refused == "cluster.fenced");
  one.service->set_state(member_state::draining);
  pass(1s);
  BOOST_TEST((one.service->view()->find("c1")->state == member_state::draining));
}

BOOST_FIXTURE_TEST_CASE(a_coordinator_of_another_release_does_not_begin, small_cluster) {
  start("c1");
  told heard;
  auto made = options("c2", heard);
  made.self.build = "0.9.0";
  const auto refused = membership_service::start(made);
  BOOST_REQUIRE(!refused);
  BOOST_TEST(refused.error().code == membership_errc::incompatible);
  made.self.build = "new";
  BOOST_TEST(membership_service::start(made).error().code == membership_errc::bad_record);
  table->away = true;
  made.self.build = "0.1.0";
  BOOST_TEST(membership_service::start(made).error().code.value() ==
             static_cast<int>(std::errc::host_unreachable));
}

BOOST_FIXTURE_TEST_CASE(who_stops_refuses_and_can_stop_again, small_cluster) {
  auto& one = start("c1");
  plain_member worker{*one.service, "w"};
  worker.renew();
  one.service->stop();
  BOOST_TEST(worker.last_failure == "cluster.unavailable", "what waited is answered");
  worker.renew();
  BOOST_TEST(worker.last_failure == "cluster.unavailable");
  BOOST_TEST(!one.service->holds());
  one.service->stop();
  const auto calls = table->calls;
  pass(10s);
  BOOST_TEST(table->calls == calls, "nothing goes on");
}

BOOST_FIXTURE_TEST_CASE(a_thousand_members_cost_few_transactions, small_cluster) {
  auto& one = start("c1");
  std::vector<std::unique_ptr<plain_member>> workers;
  for (int i = 0; i < 1'000; ++i)
    workers.push_back(std::make_unique<plain_member>(*one.service, "w" + std::to_string(i)));
  pass(500ms);
  BOOST_TEST(one.service->view()->members().size() == 1'001U);
  const auto begun = one.service->counters();
  const auto calls = table->calls;
  // Each every 500 ms, spread over that time.
  for (int step = 0; step < 1'000; ++step) {
    for (std::size_t i = static_cast<std::size_t>(step % 50); i < workers.size(); i += 50)
      workers[i]->renew(member_state::joining);
    pass(10ms);
  }
  const auto ended = one.service->counters();
  const auto commits = ended.renewal_commits - begun.renewal_commits;
  BOOST_TEST_MESSAGE(ended.renewals - begun.renewals << " renewals in 10 s: " << commits
                                                     << " commits, " << table->calls - calls
                                                     << " calls of the table");
  BOOST_TEST(ended.renewals - begun.renewals >= 19'500U);
  BOOST_TEST(commits <= 125U);
  BOOST_TEST(table->calls - calls <= commits + 100U);
  BOOST_TEST(ended.declared_dead == 0U);
  BOOST_TEST(one.service->view()->members().size() == 1'001U);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
