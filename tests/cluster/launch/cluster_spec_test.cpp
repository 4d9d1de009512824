// Cluster files: read strictly, and what each node is told.
#include "cluster/launch/cluster_spec.hpp"
#include "cluster/launch/cluster_state.hpp"
#include "cluster/launch/node_plans.hpp"
#include "tests/support/files.hpp"

#include <boost/test/unit_test.hpp>

using namespace troupe;
using namespace troupe::cluster;

namespace {

namespace fs = std::filesystem;

constexpr const char* everything = R"(elasticity:
  dry_run: true
  cool_down: 1m
  budget: {nodes: 8, node_hours_per_day: 40.5}
  groups:
    worker: {min: 1, max: 6}
  rules:
    - {group: worker, measure: queue_age, grow_at: 2s, shrink_at: 100ms, hold: 5s}
    - {group: worker, measure: slack, grow_at: 1s, shrink_at: 1m}
    - {group: worker, measure: utilisation, grow_at: 0.8, shrink_at: 0.3}
groups:
  boss: {roles: [coordinator, gateway], listen: 127.0.0.1:7400}
  worker:
    roles: [worker]
    count: 3
    resources: {cpu: 1.5, memory: 1GiB}
    engine_threads: 2
    models: {pii: other}
    labels: {zone: a}
name: lab
provider: {kind: process, binary: bin/troupe}
data: state
store: {kind: postgresql, own: true}
certificates: {own: true}
models: {default: ner, pii: pii}
log: {level: debug, format: json}
timeouts: {start: 5s, drain: 1m, grace: 2s}
)";

std::string why_refused(const std::string& text) {
  const auto read = parse_cluster_spec(text, "c.yaml", "/etc/troupe");
  return read ? std::string{"accepted"} : read.error().context;
}

cluster_spec accepted(const std::string& text) {
  auto read = parse_cluster_spec(text, "c.yaml", "/etc/troupe");
  BOOST_REQUIRE_EQUAL(read ? std::string{} : read.error().message(), "");
  return std::move(*read);
}

BOOST_AUTO_TEST_SUITE(launch_cluster_spec)

BOOST_AUTO_TEST_CASE(everything_that_can_be_said_is_read) {
  const auto read = accepted(everything);
  BOOST_TEST(read.name == "lab");
  BOOST_TEST(kind_of(read.provider) == "process");
  BOOST_TEST(std::get<process_provider_spec>(read.provider).binary == "/etc/troupe/bin/troupe");
  BOOST_TEST(read.data == "/etc/troupe/state");
  BOOST_TEST(read.store.own_postgresql);
  BOOST_TEST(read.certificates.empty());
  BOOST_TEST(read.start_timeout.count() == 5'000);
  BOOST_TEST(read.drain.count() == 60'000);
  BOOST_TEST(read.grace.count() == 2'000);
  BOOST_REQUIRE(read.groups.size() == 2);
  BOOST_TEST(read.group("boss")->count == 1);
  BOOST_TEST((read.group("boss")->listen == host_port{"127.0.0.1", 7400}));
  BOOST_TEST(read.group("worker")->count == 3);
  BOOST_TEST(!read.group("other"));
  const auto& scale = *read.elasticity;
  BOOST_TEST(scale.dry_run);
  BOOST_TEST(scale.cool_down.count() == 60'000);
  BOOST_TEST((scale.most_nodes == 8));
  BOOST_TEST((scale.node_hours_per_day == 40.5));
  BOOST_TEST((scale.groups == std::vector<scale_bounds>{{"worker", 1, 6}}));
  using std::chrono::seconds;
  const std::vector<scale_rule> rules{{"worker", scale_measure::queue_age, 2, 0.1, seconds{5}},
                                      {"worker", scale_measure::slack, 1, 60, seconds{5}},
                                      {"worker", scale_measure::utilisation, 0.8, 0.3, seconds{5}}};
  BOOST_TEST((scale.rules == rules));
}

BOOST_AUTO_TEST_CASE(every_provider_has_its_settings) {
  const std::string head = "name: lab\ngroups: {boss: {roles: [coordinator]";
  const auto ssh = accepted(
      head + ", hosts: [a.lab, 10.0.0.7, 'fd00::1']}}\nprovider: {kind: ssh, user: troupe, "
             "port: 2222, identity: id, known_hosts: /k, binary: /usr/bin/troupe, folder: /srv}\n"
             "store: {kind: postgresql, url: 'postgresql://u@h/d'}\n");
  const auto& spec = std::get<ssh_provider_spec>(ssh.provider);
  BOOST_TEST(spec.user == "troupe");
  BOOST_TEST(spec.port == 2222);
  BOOST_TEST(spec.identity == "/etc/troupe/id");
  BOOST_TEST(spec.binary == "/usr/bin/troupe");
  BOOST_TEST(ssh.groups.front().count == 3);
  const auto nodes = wanted_nodes(ssh, {{"boss", 1}});
  BOOST_REQUIRE(nodes.size() == 4);
  BOOST_TEST((nodes[1] == node_entry{"boss-2", "boss", "10.0.0.7"}));
  BOOST_TEST((nodes[3] == node_entry{"boss-4", "boss", "a.lab"}));
  const auto slurm = accepted(
      head + ", options: ['--gres=gpu:1']}}\nprovider: {kind: slurm, options: ['--partition=cpu', "
             "'--exclusive']}\n");
  BOOST_TEST(std::get<slurm_provider_spec>(slurm.provider).options.size() == 2);
  BOOST_TEST(slurm.groups.front().options.front() == "--gres=gpu:1");
  const auto pods = accepted(
      head + ", node_selector: {disk: ssd}}}\nprovider: {kind: kubernetes, image: 'r/troupe:1', "
             "namespace: lab}\n");
  BOOST_TEST(std::get<kubernetes_provider_spec>(pods.provider).space == "lab");
}

BOOST_AUTO_TEST_CASE(mistakes_name_their_place_and_a_remedy) {
  const std::string head = "name: lab\nprovider: {kind: process}\n";
  const std::string boss = "  boss: {roles: [coordinator]}\n";
  const std::string groups = "groups:\n" + boss;
  const std::vector<std::pair<std::string, std::string>> cases{
      {head + "group:\n" + boss,
       "c.yaml:3:1: error: unknown key 'group' in this file; did you mean 'groups'?"},
      {head + "groups:\n  boss: {role: [coordinator]}\n",
       "c.yaml:4:10: error: unknown key 'role' in 'groups.boss'; did you mean 'roles'?"},
      {head + "groups:\n  Boss: {roles: [coordinator]}\n", "c.yaml:4:3: error: 'groups.Boss'"},
      {head + "groups:\n  w: {roles: [worker]}\n",
       "nobody owns runs; give one group 'roles: [coordinator]'"},
      {head + "groups:\n  b: {roles: [coordinator], count: 2}\n",
       "several coordinators need one store"},
      {head + "groups:\n  b: {roles: [coordinator], count: -1}\n",
       "c.yaml:4:36: error: 'groups.b.count' must be a whole number from 0 to 1000, not '-1'"},
      {head + groups + "  w: {roles: [worker], count: 1000}\n", "more than 1000 nodes"},
      {head + groups + "  w: {roles: [worker], hosts: [a]}\n",
       "'groups.w.hosts' is of the provider ssh alone"},
      {head + groups + "  w: {roles: [worker], options: ['--x']}\n",
       "is of the provider slurm alone"},
      {head + groups + "store: {kind: postgresql}\n", "'store' needs one of 'own: true'"},
      {head + groups + "store: {kind: postgresql, own: true, url: 'postgresql://h'}\n",
       "'store' needs one of"},
      {head + groups + "store: {kind: postgresql, url: 'mysql://h'}\n",
       "'store.url' must begin with postgresql://"},
      {head + groups + "store: {kind: sqlite, own: true}\n", "'own' and 'url' are of postgresql"},
      {head + groups + "store: {kind: oracle}\n",
       "'store.kind' cannot be 'oracle'; known are: sqlite, postgresql"},
      {head + groups + "certificates: {}\n", "'certificates' needs one of"},
      {head + groups + "certificates: {own: yes}\n", "'certificates.own' cannot be 'yes'"},
      {"name: lab\nprovider: {kind: ssh, binary: troupe, folder: /f}\n" + groups,
       "c.yaml:2:31: error: 'provider.binary' must be an absolute path"},
      {"name: lab\nprovider: {kind: ssh, binary: /t, folder: /f}\n" + groups,
       "'groups.boss' does not say where its nodes are"},
      {"name: lab\nprovider: {kind: ssh, binary: /t, folder: /f}\ngroups: {b: {roles: "
       "[coordinator], hosts: ['-oProxyCommand=x']}}\n",
       "names no host"},
      {"name: lab\nprovider: {kind: ssh, user: '-x', binary: /t, folder: /f}\n" + groups,
       "cannot begin with '-'"},
      {"name: lab\nprovider: {kind: slurm, options: ['-p cpu']}\n" + groups,
       "write each as \"--NAME\" or \"--NAME=VALUE\""},
      {"name: lab\nprovider: {kind: kubernetes}\n" + groups, "'image' is missing in 'provider'"},
      {"name: lab\nprovider: {kind: slurm}\nstore: {kind: postgresql, own: true}\n" + groups,
       "starts PostgreSQL on this machine alone"},
      {"name: lab\nprovider: {kind: cloud}\n" + groups,
       "c.yaml:2:18: error: 'provider.kind' cannot be 'cloud'"},
      {head + groups + "elasticity: {groups: {w: {min: 1, max: 2}}, rules: []}\n",
       "there is no group 'w'"},
      {head + groups + "elasticity: {groups: {boss: {min: 3, max: 2}}, rules: []}\n",
       "has a min above its max"},
      {head + groups +
           "elasticity: {groups: {}, rules: [{group: boss, measure: slack, grow_at: 1s, shrink_at: "
           "2s}]}\n",
       "the group 'boss' has no bounds"},
      {head + groups +
           "elasticity: {groups: {boss: {min: 1, max: 2}}, rules: [{group: boss, measure: slack, "
           "grow_at: 2s, shrink_at: 1s}]}\n",
       "must be above grow_at"},
      {head + groups +
           "elasticity: {groups: {boss: {min: 1, max: 2}}, rules: [{group: boss, measure: "
           "utilisation, grow_at: 2, shrink_at: 1}]}\n",
       "must be a number from 0 to 1"},
  };
  for (const auto& [text, expected] : cases) {
    const auto said = why_refused(text);
    BOOST_TEST_CONTEXT(text)
    BOOST_TEST(said.find(expected) != std::string::npos, said);
  }
}

BOOST_AUTO_TEST_CASE(a_data_folder_that_is_given_goes_first) {
  const test::temporary_folder folder;
  const auto file = folder.path() / "c.yaml";
  test::write_file(
      file, "name: lab\nprovider: {kind: process}\ngroups: {boss: {roles: [coordinator]}}\n");
  BOOST_TEST(read_cluster_spec(file, folder.path() / "x/../y").value().data == folder.path() / "y");
  BOOST_TEST(read_cluster_spec(file).value().data.is_absolute());
}

BOOST_AUTO_TEST_CASE(a_node_is_told_what_its_group_and_the_cluster_say) {
  const test::temporary_folder folder;
  auto spec = accepted(everything);
  spec.data = folder.path();
  auto planner = node_planner::open(spec, "postgresql://u@h/d");
  BOOST_REQUIRE(planner.has_value());
  const auto nodes = wanted_nodes(spec, {});
  BOOST_REQUIRE(nodes.size() == 4);
  const auto boss = planner->plan(nodes[0]).value().config;
  BOOST_TEST(boss.store == "postgresql://u@h/d");
  BOOST_TEST(boss.name == "boss-1");
  const auto worker = planner->plan(nodes[3]).value().config;
  BOOST_TEST(worker.name == "worker-3");
  BOOST_TEST(worker.cluster == "lab");
  BOOST_TEST(worker.store.empty());
  BOOST_TEST(worker.models.at("pii") == "/etc/troupe/other");
  BOOST_TEST(worker.models.at("default") == "/etc/troupe/ner");
  BOOST_TEST(worker.drain.count() == 60'000);
  BOOST_TEST((worker.log == log_format::json));
  BOOST_TEST(fs::exists(worker.certificates / "worker-3.key"));
  BOOST_TEST(worker.revocations == folder.path() / "ca/crl");
  // What is written for the node reads as what it was told.
  BOOST_TEST((parse_node_config(to_yaml(worker), "n.yaml", "/").value() == worker));
  BOOST_TEST(planner->plan({"gone-1", "gone", {}}).error().context.find("no group 'gone'") !=
             std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_state_is_read_as_it_was_written) {
  const test::temporary_folder folder;
  BOOST_TEST(!read_cluster_state(folder.path()).value().has_value());
  auto state = new_cluster_state("lab", "ssh");
  BOOST_TEST(state.id.size() == 8);
  BOOST_TEST(new_cluster_state("lab", "ssh").id != state.id);
  state.generation = 7;
  state.added = {{"worker", 2}};
  state.nodes = {{"boss-1", "boss", "a.lab"}, {"worker-1", "worker", {}}};
  BOOST_REQUIRE(write_cluster_state(folder.path(), state).has_value());
  BOOST_TEST((read_cluster_state(folder.path()).value() == state));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
