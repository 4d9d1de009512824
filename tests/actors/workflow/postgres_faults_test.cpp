#include "tests/actors/workflow/store_conformance.hpp"
#include "tests/actors/workflow/store_place.hpp"
#include "tests/support/cutting_proxy.hpp"
#include "tests/support/results.hpp"

#include <atomic>
#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <future>
#include <map>
#include <pqxx/connection>
#include <pqxx/nontransaction>
#include <thread>

using namespace troupe;
using namespace troupe::test;
using namespace std::chrono_literals;

/// Connections that are lost and servers that end, at the worst moments.
BOOST_AUTO_TEST_SUITE(workflow_postgres_faults)

namespace {

namespace data = boost::unit_test::data;
using conformance = store_conformance;

/// A store whose commits can be cut.
struct cut_fixture {
  postgres_place place;
  cutting_proxy proxy{place.server.port()};
  std::unique_ptr<store> one = must(open_postgres_store(address()));

  [[nodiscard]] std::string address() const {
    return "postgresql://postgres:" + std::string{postgres_server::password_in_address} +
           "@127.0.0.1:" + std::to_string(proxy.port()) + "/postgres?schema=" + place.schema;
  }
  [[nodiscard]] std::vector<std::string> events(const std::string& run) const {
    return must(must(place.open(store_place::clock::now()))->read(run));
  }
};

/// Ends every session of a schema's stores, as an operator or a network could.
void end_sessions(const postgres_place& of) {
  of.server.execute("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE "
                    "application_name = 'troupe'");
}

} // namespace

BOOST_DATA_TEST_CASE_F(cut_fixture, a_commit_that_was_cut_is_there_once,
                       data::make({cutting_proxy::deed::lose_commit,
                                   cutting_proxy::deed::lose_answer,
                                   cutting_proxy::deed::delay_commit}),
                       how) {
  must(conformance::append(*one, conformance::batch("run", 0, {"1"})));
  proxy.at_next_commit(how);
  std::vector<append_batch> group{conformance::batch("run", 1, {"2", "3"}),
                                  conformance::batch("new", 0, {"1"})};
  must(one->append(group));
  BOOST_TEST(proxy.cuts() == 1);
  BOOST_TEST((events("run") == std::vector<std::string>{"1", "2", "3"}));
  BOOST_TEST((events("new") == std::vector<std::string>{"1"}));
  // It goes on as if nothing had been, and cut again.
  for (int i = 0; i < 3; ++i) {
    proxy.at_next_commit(how);
    must(conformance::append(
        *one, conformance::batch("run", static_cast<std::uint64_t>(3 + i), {"more"})));
  }
  BOOST_TEST(proxy.cuts() == 4);
  BOOST_TEST(events("run").size() == 6u);
}

BOOST_DATA_TEST_CASE_F(cut_fixture, wishes_and_claims_that_were_cut_are_there_once,
                       data::make({cutting_proxy::deed::lose_commit,
                                   cutting_proxy::deed::lose_answer,
                                   cutting_proxy::deed::delay_commit}),
                       how) {
  const auto now = store_place::clock::now();
  must(conformance::append(*one, conformance::batch("run", 0, {"1"})));
  proxy.at_next_commit(how);
  must(one->request_signal({"id", "run", "approve", "any"}, now));
  proxy.at_next_commit(how);
  must(one->request_cancel({"run", "why"}, now));
  BOOST_TEST(conformance::kept_signals(*one).size() == 1u);
  BOOST_TEST(must(one->cancel_requests()).size() == 1u);
  must(one->release("run"));
  proxy.at_next_commit(how);
  BOOST_TEST(must(one->claim("run", now)) == 2u);
  BOOST_TEST(proxy.cuts() == 3);
  BOOST_TEST(must(one->find("run")).epoch == 2u);
}

BOOST_FIXTURE_TEST_CASE(a_refused_commit_that_was_cut_before_stays_refused, cut_fixture) {
  must(conformance::append(*one, conformance::batch("run", 0, {"1"})));
  auto other = must(place.open(store_place::clock::now()));
  must(one->release("run"));
  BOOST_TEST(must(other->claim("run", store_place::clock::now())) == 2u);
  proxy.at_next_commit(cutting_proxy::deed::lose_commit);
  conformance::check_refused(conformance::append(*one, conformance::batch("run", 1, {"2"})),
                             workflow_errc::ownership_lost);
  BOOST_TEST(events("run").size() == 1u);
}

/// However many runs there are in it, it is one statement.
BOOST_FIXTURE_TEST_CASE(a_group_is_one_statement, cut_fixture) {
  std::vector<append_batch> group;
  for (int i = 0; i < 64; ++i)
    group.push_back(conformance::batch("r" + std::to_string(i), 0, {"1", "2", "3"}));
  must(one->append(group));
  for (append_batch& each : group)
    each.expected_version = 3;
  proxy.count("append_group");
  must(one->append(group));
  BOOST_TEST(proxy.counted() == 1);
}

BOOST_FIXTURE_TEST_CASE(a_session_that_was_ended_is_opened_again, postgres_place) {
  auto one = must(open(clock::now()));
  must(conformance::append(*one, conformance::batch("run", 0, {"1"})));
  end_sessions(*this);
  must(conformance::append(*one, conformance::batch("run", 1, {"2"})));
  end_sessions(*this);
  BOOST_TEST(must(one->read("run")).size() == 2u);
  // Its new session says that it is alive.
  auto two = must(open(clock::now()));
  conformance::check_refused(two->claim("run", clock::now()), workflow_errc::run_owned);
  end_sessions(*this);
  must(one->renew(clock::now()));
  must(one->claim("run", clock::now()));
}

BOOST_FIXTURE_TEST_CASE(a_run_that_was_claimed_meanwhile_is_lost, postgres_place) {
  auto one = must(open(clock::now()));
  must(conformance::append(*one, conformance::batch("run", 0, {"1"})));
  auto two = must(open(clock::now()));
  end_sessions(*this);
  BOOST_TEST(must(two->claim("run", clock::now())) == 2u); // one does not know yet
  conformance::check_refused(conformance::append(*one, conformance::batch("run", 1, {"2"})),
                             workflow_errc::ownership_lost);
  must(conformance::append(*two, conformance::under(2, conformance::batch("run", 1, {"2"}))));
}

BOOST_FIXTURE_TEST_CASE(a_deadlock_is_tried_again, postgres_place) {
  auto one = must(open(clock::now()));
  must(conformance::append(*one, conformance::batch("run", 0, {"1"})));
  pqxx::connection theirs{server.plain_address()};
  pqxx::nontransaction other{theirs};
  other.exec("SET search_path = " + schema + "; SET deadlock_timeout = '60s'; BEGIN");
  other.exec("SELECT 1 FROM runs FOR UPDATE");
  auto appended = std::async(std::launch::async, [&] {
    return conformance::append(*one, conformance::batch("run", 1, {"2"}));
  });
  // It has the owner's row, and waits for that of the run.
  const auto last = std::chrono::steady_clock::now() + 10s;
  while (server.query("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND "
                      "application_name = 'troupe'") == "0" &&
         std::chrono::steady_clock::now() < last)
    std::this_thread::yield();
  other.exec("UPDATE owners SET expires_us = expires_us");
  other.exec("COMMIT");
  const auto outcome = appended.get();
  BOOST_TEST(outcome.has_value(), (outcome ? "" : outcome.error().message()));
  BOOST_TEST(must(one->read("run")).size() == 2u);
  BOOST_TEST(server.query("SELECT deadlocks >= 1 FROM pg_stat_database WHERE datname = 'postgres'")
                 .size() == 1u);
}

// --- a server that ends --------------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_server_that_is_killed_under_load_loses_and_doubles_nothing) {
  constexpr int kills = 4;
  constexpr std::size_t runs = 8;
  postgres_server server;
  auto one = must(open_postgres_store(server.address()));
  std::atomic<bool> enough{false};
  std::atomic<int> appends{0};
  std::map<std::string, std::vector<std::string>> accepted;
  std::string complaint;
  std::thread load{[&] {
    for (int round = 0; !enough && complaint.empty(); ++round) {
      std::vector<append_batch> group;
      for (std::size_t i = 0; i < runs; ++i) {
        // Each round makes one run and goes on with others.
        const std::string run = "run-" + std::to_string(i == 0 ? 1'000 + round : i);
        group.push_back(conformance::batch(run, accepted[run].size(),
                                           {"event " + std::to_string(round), "and more"}));
      }
      const auto outcome = one->append(group);
      if (!outcome) complaint = outcome.error().message();
      for (const append_batch& each : group)
        for (const std::string_view event : each.events)
          if (outcome) accepted[each.entry.run_id].emplace_back(event);
      ++appends;
    }
  }};
  for (int i = 0; i < kills; ++i) {
    const int before = appends;
    const auto last = std::chrono::steady_clock::now() + 20s;
    while (appends < before + 20 + i && std::chrono::steady_clock::now() < last)
      std::this_thread::yield();
    i % 2 == 0 ? server.kill() : server.stop();
    server.start();
  }
  enough = true;
  load.join();
  BOOST_TEST(complaint == "");
  BOOST_TEST(appends > 20 * kills / 2);
  auto again = must(open_postgres_store(server.address()));
  run_filter everything;
  everything.limit = 1'000'000;
  BOOST_TEST(must(again->list(everything)).size() == accepted.size());
  for (const auto& [run, events] : accepted)
    BOOST_TEST((must(again->read(run)) == events), run);
  BOOST_TEST_MESSAGE(appends << " groups of " << runs << " runs, " << kills
                             << " ends of the server");
}

BOOST_AUTO_TEST_CASE(a_server_that_stays_away_is_given_up) {
  postgres_server server;
  postgres_store_options options;
  options.reconnect_time = 300ms;
  auto one = must(open_postgres_store(server.address(), options));
  must(conformance::append(*one, conformance::batch("run", 0, {"1"})));
  server.kill();
  const auto began = std::chrono::steady_clock::now();
  const auto refused = conformance::append(*one, conformance::batch("run", 1, {"2"}));
  conformance::check_refused(refused, workflow_errc::store_unavailable);
  BOOST_TEST((std::chrono::steady_clock::now() - began < 10s));
  if (!refused)
    BOOST_TEST(refused.error().context.find("check that the server runs") != std::string::npos,
               refused.error().context);
  conformance::check_refused(open_postgres_store(server.address(), options),
                             workflow_errc::store_unavailable);
  server.start();
  must(conformance::append(*one, conformance::batch("run", 1, {"2"})));
  BOOST_TEST(must(one->read("run")).size() == 2u);
}

BOOST_AUTO_TEST_CASE(a_commit_whose_end_is_not_known_says_so_and_is_found_out_later) {
  postgres_server server;
  cutting_proxy proxy{server.port()};
  const auto address =
      "postgresql://postgres:" + std::string{postgres_server::password_in_address} +
      "@127.0.0.1:" + std::to_string(proxy.port()) + "/postgres";
  postgres_store_options options;
  options.reconnect_time = 300ms;
  auto one = must(open_postgres_store(address, options));
  must(conformance::append(*one, conformance::batch("run", 0, {"1"})));
  // The server is gone before the client can ask.
  proxy.at_next_commit(cutting_proxy::deed::lose_answer);
  std::thread killer{[&] {
    while (proxy.cuts() == 0)
      std::this_thread::yield();
    server.stop();
  }};
  const auto refused = conformance::append(*one, conformance::batch("run", 1, {"2"}));
  killer.join();
  server.start();
  if (!refused) {
    conformance::check_refused(refused, workflow_errc::store_unavailable);
    BOOST_TEST(refused.error().context.find("whether the last commit was made is not known") !=
                   std::string::npos,
               refused.error().context);
    // It was made: the same again does not fit, what follows it does.
    conformance::check_refused(conformance::append(*one, conformance::batch("run", 1, {"2"})),
                               workflow_errc::version_conflict);
  }
  must(conformance::append(*one, conformance::batch("run", 2, {"3"})));
  BOOST_TEST((must(one->read("run")) == std::vector<std::string>{"1", "2", "3"}));
}

BOOST_AUTO_TEST_SUITE_END()
