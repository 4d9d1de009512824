// Membership as it runs: threads, real time, real stores, shorter leases.
#include "actors/runtime/timer.hpp"
#include "cluster/membership/members_agent.hpp"
#include "cluster/membership/membership_client.hpp"
#include "tests/cluster/membership/records.hpp"
#include "tests/support/files.hpp"
#include "tests/support/postgres_server.hpp"
#include "tests/support/results.hpp"

#include <atomic>
#include <boost/test/unit_test.hpp>
#include <condition_variable>
#include <map>
#include <mutex>

using namespace troupe;
using namespace troupe::cluster;
using namespace std::chrono_literals;
using test::must;

namespace {

/// Long enough for a machine on which other tests run, too.
constexpr auto lease = 1'000ms, renew_every = 200ms;
constexpr auto longest_wait = 30s;

lease_rules quick_rules() {
  return {.renew_every = renew_every, .stop_before_end = 50ms, .retry_after = 20ms};
}

/// What came of whom, for whoever waits for it.
class gathered_events {
public:
  void take(std::span<const member_event> events) {
    const std::lock_guard held{guard_};
    for (const auto& [what, member] : events)
      last_[member->key()] = what;
    changed_.notify_all();
  }
  /// @returns whether it came.
  bool await(const member_key& who, member_event::kind what) {
    std::unique_lock held{guard_};
    return changed_.wait_for(held, longest_wait, [&] {
      const auto found = last_.find(who);
      return found != last_.end() && found->second == what;
    });
  }
  bool await_active(const member_key& who, const membership_service& at) {
    std::unique_lock held{guard_};
    return changed_.wait_for(held, longest_wait, [&] {
      const auto found = at.view()->find(who.node);
      return found && found->key() == who && found->state == member_state::active;
    });
  }

private:
  std::mutex guard_;
  std::condition_variable changed_;
  std::map<member_key, member_event::kind> last_;
};

class call_from final : public call_context {
public:
  explicit call_from(std::string principal) { header_.principal = std::move(principal); }
  [[nodiscard]] const envelope_header& header() const override { return header_; }
  void request(agent_name /*target*/, message_ptr /*payload*/, responder then) const override {
    then(tl::unexpected(failure{"test.nobody", "no agents here", false}));
  }

private:
  envelope_header header_;
};

struct coordinator {
  gathered_events events;
  std::shared_ptr<membership_service> service;
  std::unique_ptr<agent> members;
  /// The agent takes one call at a time.
  std::mutex guard;
};

class real_cluster {
public:
  explicit real_cluster(std::vector<std::shared_ptr<workflow::member_table>> tables) {
    for (std::size_t i = 0; i < tables.size(); ++i)
      begin("c" + std::to_string(i), tables[i]);
  }
  ~real_cluster() {
    clients_.clear();
    for (auto& [name, of] : coordinators_)
      of.service->stop();
    clock_->stop();
  }
  real_cluster(const real_cluster&) = delete;
  real_cluster& operator=(const real_cluster&) = delete;

  membership_client& join(const std::string& node) {
    membership_client_options made;
    made.self = test::some_member(node);
    made.self.state = member_state::active;
    for (const auto& [name, of] : coordinators_)
      made.coordinators.push_back(name);
    made.clock = clock_;
    made.rules = quick_rules();
    made.callbacks.on_joined = [this](std::uint64_t) { tell(); };
    made.ask = [this, node](const std::string& whom, message_ptr what, std::chrono::milliseconds,
                            responder then) {
      coordinator& of = coordinators_.at(whom);
      const std::lock_guard held{of.guard};
      of.members->handle(std::move(what), std::make_shared<call_from>(node), std::move(then));
    };
    clients_[node] = must(membership_client::start(made));
    membership_client& client = *clients_[node];
    std::unique_lock held{guard_};
    BOOST_TEST(joined_.wait_for(held, longest_wait, [&] { return client.incarnation() != 0; }));
    return client;
  }
  membership_client& at_member(const std::string& node) { return *clients_.at(node); }
  coordinator& at(const std::string& name) { return coordinators_.at(name); }

private:
  void begin(const std::string& name, const std::shared_ptr<workflow::member_table>& table) {
    coordinator& of = coordinators_[name];
    membership_service_options made;
    made.self = test::some_member(name, node_role::coordinator);
    made.self.state = member_state::active;
    made.table = table;
    made.clock = clock_;
    made.callbacks.on_view = [&of](const view_ptr&, std::span<const member_event> events) {
      of.events.take(events);
    };
    made.lease = lease;
    made.look_every = 50ms;
    made.renewals_every = 20ms;
    made.renewing = quick_rules();
    of.service = must(membership_service::start(made));
    of.members =
        make_members_agent(of.service,
                           [](const std::string&) {
                             return std::optional<std::set<node_role>>{{node_role::worker}};
                           })
            .make({"cluster.members", "default"})
            .value();
  }
  void tell() {
    const std::lock_guard held{guard_};
    joined_.notify_all();
  }

  const std::shared_ptr<timer> clock_ = make_thread_timer();
  std::mutex guard_;
  std::condition_variable joined_;
  std::map<std::string, coordinator> coordinators_;
  std::map<std::string, std::unique_ptr<membership_client>> clients_;
};

/// Nodes come, one dies, one leaves, and every coordinator sees it.
void live_and_die(real_cluster& in, const std::vector<std::string>& coordinators) {
  std::vector<member_key> all;
  for (const char* node : {"w0", "w1", "w2", "w3", "w4"})
    all.push_back({node, in.join(node).incarnation()});
  for (const auto& name : coordinators)
    for (const auto& each : all)
      BOOST_TEST(in.at(name).events.await_active(each, *in.at(name).service), name << each.node);
  auto& silent = in.at_member("w1");
  const member_key dies{"w1", silent.incarnation()}, leaves{"w2", in.at_member("w2").incarnation()};
  const auto begin = std::chrono::steady_clock::now();
  silent.stop();
  std::atomic<int> said = 0;
  in.at_member("w2").leave([&](const reply<void>& got) { said = got ? 1 : 2; });
  for (const auto& name : coordinators) {
    BOOST_TEST(in.at(name).events.await(leaves, member_event::kind::left), name);
    BOOST_TEST(in.at(name).events.await(dies, member_event::kind::lost), name);
  }
  BOOST_TEST(said == 1);
  const auto took = std::chrono::steady_clock::now() - begin;
  BOOST_TEST_MESSAGE("dead after "
                     << std::chrono::duration_cast<std::chrono::milliseconds>(took).count()
                     << " ms with a lease of " << lease.count() << " ms");
  BOOST_TEST((took >= lease - renew_every - 100ms));
}

BOOST_AUTO_TEST_SUITE(membership_threads)

BOOST_AUTO_TEST_CASE(one_coordinator_on_a_sqlite_file) {
  const test::temporary_folder folder;
  real_cluster in{{workflow::sqlite_members(folder.path() / "runs.db")}};
  live_and_die(in, {"c0"});
}

BOOST_AUTO_TEST_CASE(two_coordinators_on_a_postgresql_server) {
  const auto address = test::postgres_server::shared().address(test::any_schema());
  real_cluster in{{workflow::postgres_members(address), workflow::postgres_members(address)}};
  live_and_die(in, {"c0", "c1"});
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
