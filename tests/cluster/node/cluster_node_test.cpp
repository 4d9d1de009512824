#include "actors/node.hpp"
#include "actors/runtime/typed_agent.hpp"
#include "actors/workflow/definition.hpp"
#include "cluster/node/cluster_client.hpp"
#include "cluster/node/cluster_node.hpp"
#include "cluster/pki/authority.hpp"
#include "tests/support/files.hpp"
#include "tests/support/results.hpp"
#include "troupe/v1/control.pb.h"
#include "troupe/v1/files.pb.h"

#include <atomic>
#include <boost/test/unit_test.hpp>
#include <condition_variable>
#include <mutex>

// Whole nodes in one process, over gRPC on the loopback device: members, attempts that go to workers, what becomes of them.
using namespace troupe;
using namespace troupe::cluster;
using troupe::test::must;

BOOST_AUTO_TEST_SUITE(cluster_nodes)

namespace {

constexpr auto release_of_tests = "0.1.0";
constexpr auto twenty_reads = R"(
name: reads
version: "1"
inputs: { folder: { type: string } }
defaults: { retry: { maximum_attempts: 1 } }
steps:
  list:
    agent: files.list
    input: { folder: "${inputs.folder}" }
  read:
    agent: test.read
    for_each: ${steps.list.files}
    input: { path: "${item.path}" }
)";

/// Where agents of a test wait until it lets them go on.
class gate {
public:
  void pass() {
    std::unique_lock lock{mutex_};
    ++waiting_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return open_; });
    --waiting_;
  }
  void open() {
    std::lock_guard lock{mutex_};
    open_ = true;
    changed_.notify_all();
  }
  void wait_for(std::size_t count) {
    std::unique_lock lock{mutex_};
    BOOST_TEST(changed_.wait_for(lock, std::chrono::seconds{20}, [&] { return waiting_ >= count; }),
               "waited for " << count << " at the gate");
  }

private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t waiting_ = 0;
  bool open_ = false;
};

/// A folder with an authority and a store, and nodes in it.
class small_cluster {
public:
  small_cluster() : authority_(must(authority::init(folder_.path() / "ca", {"demo"}))) {
    std::filesystem::create_directories(folder_.path() / "in");
    for (int number = 0; number < 20; ++number)
      test::write_file(folder_.path() / "in" / (std::to_string(number) + ".txt"), "text");
    issue("operator", {node_role::operator_});
  }

  void issue(const std::string& name, std::set<node_role> roles) {
    issue_options how;
    how.node = name;
    how.roles = std::move(roles);
    how.hosts = {"127.0.0.1"};
    how.out = folder_.path() / "certs";
    must(authority_.issue(how));
  }

  cluster_node_options options_of(const std::string& name, node_role role) {
    issue(name, {role});
    cluster_node_options made;
    made.build = release_of_tests;
    made.config.cluster = "demo";
    made.config.name = name;
    made.config.roles = {role};
    made.config.certificates = folder_.path() / "certs";
    made.config.revocations = folder_.path() / "ca" / "crl";
    made.config.engine_threads = 1;
    if (role == node_role::coordinator) made.config.store = (folder_.path() / "runs.db").string();
    made.config.seeds = seeds_;
    made.add_agents = [this, name](node& of) { return add_reader(of, name); };
    return made;
  }

  std::unique_ptr<cluster_node> start(const std::string& name, node_role role) {
    auto made = must(cluster_node::start(options_of(name, role)));
    must(made->wait_until_member(std::chrono::seconds{20}));
    if (role == node_role::coordinator) seeds_ = {made->address()};
    return made;
  }

  std::unique_ptr<cluster_client> client() {
    return must(cluster_client::connect(
        {"demo", "operator", folder_.path() / "certs", folder_.path() / "ca" / "crl", seeds_}));
  }

  reply<std::string> submit(cluster_client& by, node& checked_with) {
    const auto definition =
        workflow::load_definition(twenty_reads, "reads.yaml", checked_with.agents());
    BOOST_REQUIRE(definition.has_value());
    v1::SubmitRunRequest asked;
    *asked.mutable_definition() = (*definition)->source;
    asked.add_inputs("folder=" + (folder_.path() / "in").string());
    auto answer = expect_reply<v1::SubmitRunReply>(by.ask(share(asked), std::chrono::seconds{20}));
    if (!answer) return tl::unexpected(answer.error());
    return (*answer)->run_id();
  }

  static v1::RunSummary await(cluster_client& by, const std::string& run) {
    v1::AwaitRunRequest asked;
    asked.set_run_id(run);
    asked.set_wait_millis(1'000);
    for (int times = 0; times < 40; ++times) {
      const auto stands =
          expect_reply<v1::AwaitRunReply>(by.ask(share(asked), std::chrono::seconds{20}));
      BOOST_REQUIRE_MESSAGE(stands.has_value(), (stands ? "" : stands.error().message));
      if ((*stands)->run().has_closed_time()) return (*stands)->run();
    }
    BOOST_FAIL("the run does not end");
    return {};
  }

  gate held;
  std::atomic<bool> hold = false;
  std::atomic<int> served = 0;
  std::map<std::string, std::atomic<int>> served_by;

private:
  result<void> add_reader(node& of, const std::string& name) {
    return of.agents().add(typed_agent<v1::ReadFileRequest, v1::ReadFileReply>(
        "test.read", "Reads nothing, when it is let",
        [this, name](const v1::ReadFileRequest& asked,
                     const call_context&) -> reply<v1::ReadFileReply> {
          if (hold) held.pass();
          ++served;
          ++served_by[name];
          v1::ReadFileReply made;
          made.set_path(asked.path());
          return made;
        },
        {.blocking = true, .max_concurrency = 64}));
  }

  test::temporary_folder folder_;
  authority authority_;
  std::vector<std::string> seeds_;
};

/// Until the engine gives attempts to so many workers, and to no other.
void wait_for_workers(cluster_node& boss, std::size_t count) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds{20};
  std::size_t seen = 0;
  do {
    seen = 0;
    for (const workflow::node_at_work& each : must(boss.here().workflows().nodes()))
      seen += each.is.name != "boss" && each.is.state == scheduling::node_state::active ? 1 : 0;
  } while (seen != count && std::chrono::steady_clock::now() < until);
  BOOST_TEST(seen == count);
}

std::map<std::string, v1::ClusterNode> nodes_of(cluster_client& by) {
  std::map<std::string, v1::ClusterNode> made;
  const auto told = expect_reply<v1::ClusterNodesReply>(
      by.ask(share(v1::ClusterNodesRequest{}), std::chrono::seconds{20}));
  BOOST_REQUIRE(told.has_value());
  for (const v1::ClusterNode& each : (*told)->nodes())
    made[each.name()] = each;
  return made;
}

} // namespace

BOOST_AUTO_TEST_CASE(a_run_of_a_coordinator_runs_on_its_workers) {
  small_cluster cluster;
  for (const char* name : {"w1", "w2"})
    cluster.served_by[name] = 0;
  const auto boss = cluster.start("boss", node_role::coordinator);
  const auto one = cluster.start("w1", node_role::worker);
  const auto two = cluster.start("w2", node_role::worker);
  const auto client = cluster.client();
  BOOST_TEST(client->coordinator() == "boss");
  wait_for_workers(*boss, 2);
  const auto run = cluster.submit(*client, boss->here());
  BOOST_REQUIRE_MESSAGE(run.has_value(), (run ? "" : run.error().message));
  const auto ended = small_cluster::await(*client, *run);
  BOOST_TEST(ended.status() == v1::RUN_STATUS_COMPLETED, ended.failure().message());
  BOOST_TEST(cluster.served == 20);
  BOOST_TEST(cluster.served_by["w1"] > 0);
  BOOST_TEST(cluster.served_by["w2"] > 0);
  const auto nodes = nodes_of(*client);
  BOOST_TEST(nodes.size() == 3U);
  BOOST_TEST(nodes.at("w1").state() == "active");
  BOOST_TEST(nodes.at("w1").incarnation() > nodes.at("boss").incarnation());
}

BOOST_AUTO_TEST_CASE(what_a_worker_had_when_it_left_is_tried_again_elsewhere) {
  small_cluster cluster;
  for (const char* name : {"w1", "w2"})
    cluster.served_by[name] = 0;
  cluster.hold = true;
  const auto boss = cluster.start("boss", node_role::coordinator);
  auto one = cluster.start("w1", node_role::worker);
  const auto client = cluster.client();
  const auto run = cluster.submit(*client, boss->here());
  BOOST_REQUIRE(run.has_value());
  cluster.held.wait_for(16); // as many as its blocking executor has threads
  const auto two = cluster.start("w2", node_role::worker);
  one->stop(); // those that wait at the gate are left behind
  cluster.hold = false;
  cluster.held.open();
  const auto ended = small_cluster::await(*client, *run);
  BOOST_TEST(ended.status() == v1::RUN_STATUS_COMPLETED, ended.failure().message());
  BOOST_TEST(cluster.served_by["w2"] == 20);
}

BOOST_AUTO_TEST_CASE(a_node_that_is_drained_gets_nothing_new) {
  small_cluster cluster;
  for (const char* name : {"w1", "w2"})
    cluster.served_by[name] = 0;
  const auto boss = cluster.start("boss", node_role::coordinator);
  const auto one = cluster.start("w1", node_role::worker);
  const auto two = cluster.start("w2", node_role::worker);
  const auto client = cluster.client();
  wait_for_workers(*boss, 2);
  v1::DrainNodeRequest asked;
  asked.set_node("w1");
  BOOST_REQUIRE(client->ask(share(asked), std::chrono::seconds{20}).has_value());
  wait_for_workers(*boss, 1);
  BOOST_TEST(nodes_of(*client).at("w1").state() == "draining");
  const auto run = cluster.submit(*client, boss->here());
  BOOST_REQUIRE(run.has_value());
  BOOST_TEST(small_cluster::await(*client, *run).status() == v1::RUN_STATUS_COMPLETED);
  BOOST_TEST(cluster.served_by["w1"] == 0);
  BOOST_TEST(cluster.served_by["w2"] == 20);
  asked.set_node("nobody");
  const auto refused = client->ask(share(asked), std::chrono::seconds{20});
  BOOST_REQUIRE(!refused);
  BOOST_TEST(refused.error().type == "cluster.unknown_node");
}

BOOST_AUTO_TEST_CASE(an_agent_of_a_coordinator_that_runs_none_lives_on_one_worker) {
  small_cluster cluster;
  for (const char* name : {"w1", "w2"})
    cluster.served_by[name] = 0;
  const auto boss = cluster.start("boss", node_role::coordinator);
  const auto one = cluster.start("w1", node_role::worker);
  const auto two = cluster.start("w2", node_role::worker);
  wait_for_workers(*boss, 2);
  for (int times = 0; times < 4; ++times) {
    const auto answer =
        boss->here().agents().request_and_wait({"test.read"}, share(v1::ReadFileRequest{}));
    BOOST_REQUIRE_MESSAGE(answer.has_value(), (answer ? "" : answer.error().message));
  }
  BOOST_TEST(cluster.served_by["w1"] * cluster.served_by["w2"] == 0, "always the same one");
  BOOST_TEST(cluster.served_by["w1"] + cluster.served_by["w2"] == 4);
}

BOOST_AUTO_TEST_CASE(what_operators_ask_wrongly_is_refused_with_the_reason) {
  small_cluster cluster;
  const auto boss = cluster.start("boss", node_role::coordinator);
  const auto client = cluster.client();
  const auto ask = [&](const auto& what) {
    const auto answer = client->ask(share(what), std::chrono::seconds{20});
    return answer ? std::string{"no failure"} : answer.error().type + ": " + answer.error().message;
  };
  const auto refused = [&](const std::string& said, const char* type, const char* part) {
    BOOST_TEST(said.starts_with(type), said);
    BOOST_TEST(said.find(part) != std::string::npos, said);
  };
  v1::SubmitRunRequest run;
  refused(ask(run), "cluster.bad_request", "name");
  const auto definition =
      workflow::load_definition(twenty_reads, "reads.yaml", boss->here().agents());
  BOOST_REQUIRE(definition.has_value());
  *run.mutable_definition() = (*definition)->source;
  refused(ask(run), "cluster.bad_request", "folder");
  run.add_inputs("folder=/nowhere");
  run.add_inputs("colour=red");
  refused(ask(run), "cluster.bad_request", "colour");
  run.mutable_inputs()->RemoveLast();
  run.set_run_id("no such id");
  refused(ask(run), "workflow.refused", "id");
  run.set_run_id("fine");
  run.set_deadline_nanos(-1);
  refused(ask(run), "cluster.bad_request", "deadline");
  v1::AwaitRunRequest await;
  await.set_run_id("nobody");
  refused(ask(await), "workflow.run_unknown", "nobody");
  v1::CancelRunRequest cancel;
  cancel.set_run_id("nobody");
  refused(ask(cancel), "workflow.run_unknown", "nobody");
  refused(ask(v1::ReadFileRequest{}), "runtime.wrong_request_type", "ReadFileRequest");
  // And it goes on.
  BOOST_TEST(nodes_of(*client).size() == 1U);
}

BOOST_AUTO_TEST_CASE(who_has_no_right_role_is_not_let_in) {
  small_cluster cluster;
  const auto boss = cluster.start("boss", node_role::coordinator);
  // Its certificate says worker, it says gateway.
  auto wrong = cluster.options_of("w1", node_role::worker);
  wrong.config.roles = {node_role::gateway};
  const auto node = must(cluster_node::start(std::move(wrong)));
  const auto member = node->wait_until_member(std::chrono::milliseconds{1'500});
  BOOST_REQUIRE(!member);
  BOOST_TEST(member.error().context.find("gateway") != std::string::npos, member.error().context);
}

BOOST_AUTO_TEST_SUITE_END()
