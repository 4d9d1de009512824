// What a node is told of itself: read strictly, written so that it reads the same.
#include "cluster/launch/node_config.hpp"
#include "cluster/launch/node_status.hpp"
#include "tests/support/files.hpp"

#include <boost/test/unit_test.hpp>

using namespace troupe;
using namespace troupe::cluster;

namespace {

namespace fs = std::filesystem;

constexpr const char* worker = R"(cluster: demo
name: worker-1
roles: [worker, gateway]
listen: 0.0.0.0:7400
advertise: "[fd00::7]:0"
certificates: certs
seeds: [127.0.0.1:7400, boss.lab:1]
seeds_file: /run/seeds
data: state
models: {default: /models/ner, pii: ../pii}
resources: {cpu: 2, memory: 4GiB, license: 3}
engine_threads: 1
labels: {zone: a, gpu.kind: "h100"}
drain: 1m30s
log: {level: debug, format: json}
)";

constexpr const char* head = "cluster: demo\nname: boss\ncertificates: c\ndata: d\n";

template <class Value>
std::string problem_of(const result<Value>& of) {
  return of ? std::string{} : of.error().message();
}

std::string refused(const std::string& text) {
  const auto read = parse_node_config(text, "n.yaml", "/etc/troupe");
  return read ? std::string{"accepted"} : read.error().context;
}

BOOST_AUTO_TEST_SUITE(launch_node_config)

BOOST_AUTO_TEST_CASE(everything_that_can_be_said_is_read) {
  const auto read = parse_node_config(worker, "n.yaml", "/etc/troupe");
  BOOST_REQUIRE_EQUAL(problem_of(read), "");
  BOOST_TEST(read->cluster == "demo");
  BOOST_TEST(read->name == "worker-1");
  BOOST_TEST((read->roles == std::set{node_role::worker, node_role::gateway}));
  BOOST_TEST((read->listen == host_port{"0.0.0.0", 7400}));
  BOOST_TEST((read->advertise == host_port{"fd00::7", 0}));
  BOOST_TEST(read->certificates == "/etc/troupe/certs");
  BOOST_TEST(read->revocations == "/etc/troupe/certs/crl");
  BOOST_TEST((read->seeds == std::vector<std::string>{"127.0.0.1:7400", "boss.lab:1"}));
  BOOST_TEST(read->seeds_file == "/run/seeds");
  BOOST_TEST(read->data == "/etc/troupe/state");
  BOOST_TEST(read->models.at("default") == "/models/ner");
  BOOST_TEST(read->models.at("pii") == "/etc/pii");
  BOOST_TEST(read->resources.size() == 3);
  BOOST_TEST(read->resources.at(1).amount == std::uint64_t{4} << 30);
  BOOST_TEST((read->engine_threads == 1));
  BOOST_TEST(read->labels.at("gpu.kind") == "h100");
  BOOST_TEST(read->drain.count() == 90'000);
  BOOST_TEST(read->log_level == "debug");
  BOOST_TEST((read->log == log_format::json));
}

BOOST_AUTO_TEST_CASE(what_is_written_reads_the_same) {
  auto made = parse_node_config(worker, "n.yaml", "/etc/troupe").value();
  BOOST_TEST((parse_node_config(to_yaml(made), "n.yaml", "/").value() == made));
  made.resources.clear();
  made.labels = {{"note", "a: \"b\" # {c}"}};
  made.roles = {node_role::coordinator};
  made.store = "postgresql://u:p%40ss@h/db?schema=s";
  made.advertise.reset();
  made.seeds.clear();
  made.seeds_file.clear();
  BOOST_TEST((parse_node_config(to_yaml(made), "n.yaml", "/").value() == made));
}

BOOST_AUTO_TEST_CASE(mistakes_name_their_place_and_a_remedy) {
  const std::vector<std::pair<std::string, std::string>> cases{
      {"role: [worker]\nseeds: [a:1]\n",
       "n.yaml:5:1: error: unknown key 'role' in this file; did you mean 'roles'?"},
      {"roles: [worker]\nseeds: [a]\n",
       "n.yaml:6:9: error: 'seeds[0]': 'a' has no port; write HOST:PORT"},
      {"roles: [boss]\n", "n.yaml:5:9: error: 'roles[0]' cannot be 'boss'"},
      {"roles: [operator]\n", "n.yaml:5:9: error: 'roles[0]' cannot be 'operator'"},
      {"roles: []\n", "n.yaml:5:8: error: 'roles' is empty; name one of"},
      {"roles: [coordinator]\n", "a coordinator needs a store"},
      {"roles: [worker]\nseeds: [a:1]\nstore: x\n", "only a coordinator has a store"},
      {"roles: [worker]\n", "it does not know whom to join; add 'seeds"},
      {"roles: [coordinator]\nstore: mysql://u:secret@h/d\n",
       "n.yaml:6:8: error: 'store' is neither"},
      {"roles: [worker]\nname: twice\n",
       "n.yaml:6:1: error: 'name' is there twice, first in line 2"},
      {"roles: [worker]\nlisten: 127.0.0.1:70000\n",
       "n.yaml:6:9: error: 'listen': '127.0.0.1:70000' has no port from 0"},
      {"roles: [worker]\nlisten: \"[::g]:1\"\n", "is no IPv6 address in brackets"},
      {"roles: [worker]\nlisten: \":1\"\n", "names no host"},
      {"roles: [worker]\nresources: {cpu: lots}\n", "n.yaml:6:18: error: 'resources.cpu': "},
      {"roles: [worker]\ndrain: soon\n", "n.yaml:6:8: error: 'drain': "},
      {"roles: [worker]\nengine_threads: 0\n", "must be a whole number from 1 to 4096, not '0'"},
      {"roles: [worker]\nlog: {level: loud}\n", "n.yaml:6:14: error: 'log.level' cannot be 'loud'"},
      {"roles: [worker]\nmodels: {ner: x}\n",
       "unknown key 'ner' in 'models'; known are: default, pii"},
      {"roles: [worker]\nlabels: [a]\n",
       "'labels' must be a mapping, not a list; write it as KEY: VALUE"},
      {"roles: [worker]\nseeds_file: \"\"\n", "n.yaml:6:13: error: 'seeds_file' is empty"},
      {"roles: [worker]\nseeds_file: \"a\\u0007\"\n", "has control characters"},
      {"roles: &a [worker]\n", "YAML anchors are not allowed in a node file"},
  };
  for (const auto& [text, expected] : cases) {
    const auto said = refused(head + text);
    BOOST_TEST_CONTEXT(text)
    BOOST_TEST(said.find(expected) != std::string::npos, said);
  }
  BOOST_TEST(refused(head + cases[8].first).find("secret") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(all_mistakes_are_told_at_once) {
  const auto said = refused("name: A\nroles: [worker]\nseed: [a:1]\n");
  for (const char* expected :
       {"n.yaml:1:7: error: 'name'", "unknown key 'seed'", "'cluster' is missing",
        "'certificates' is missing", "'data' is missing"})
    BOOST_TEST(said.find(expected) != std::string::npos, said);
  BOOST_TEST(refused("").find("the file is empty") != std::string::npos);
  BOOST_TEST(refused("[]").find("must be a mapping") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(paths_are_taken_from_the_folder_of_the_file) {
  const test::temporary_folder folder;
  const auto file = folder.path() / "n.yaml";
  std::ofstream{file} << head << "roles: [coordinator]\nstore: runs.db\n";
  const auto read = read_node_config(file);
  BOOST_REQUIRE_EQUAL(problem_of(read), "");
  BOOST_TEST(read->store == (folder.path() / "runs.db").string());
  BOOST_TEST(!read_node_config(folder.path() / "none.yaml").has_value());
}

BOOST_AUTO_TEST_CASE(a_seeds_file_has_an_address_per_line) {
  const auto seeds = parse_seeds("127.0.0.1:1\n\nnonsense\n[::1]:2\r\nlast:3");
  BOOST_TEST((seeds == std::vector<std::string>{"127.0.0.1:1", "[::1]:2", "last:3"}));
}

BOOST_AUTO_TEST_CASE(what_a_node_says_of_itself_is_read_back) {
  const test::temporary_folder folder;
  using namespace std::chrono;
  const node_status said{
      "worker-1",          71, "127.0.0.1:4711",
      {node_role::worker}, 3,  sys_days{2026y / 11 / 27} + hours{22} + milliseconds{7}};
  BOOST_REQUIRE(write_node_status(folder.path(), said).has_value());
  const auto text = test::read_file(folder.path() / "node.json");
  BOOST_TEST(text.find("\"2026-11-27T22:00:00.007Z\"") != std::string::npos, text);
  BOOST_TEST((parse_node_status(text).value() == said));
  BOOST_TEST(!parse_node_status("{}").has_value());
  BOOST_TEST(!parse_node_status("").has_value());
  remove_node_status(folder.path());
  BOOST_TEST(!fs::exists(folder.path() / "node.json"));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
