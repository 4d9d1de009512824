#include "cluster/fabric/ingress.hpp"

#include <boost/test/unit_test.hpp>
#include <optional>
#include <string>

using namespace troupe;
using namespace troupe::cluster;

BOOST_AUTO_TEST_SUITE(fabric_ingress)

namespace {

constexpr auto any_type = "type.googleapis.com/troupe.v1.ReadFileRequest";

struct case_of {
  node_role from;
  bool member;
  const char* target;
  bool allowed;
};

std::optional<failure> ask(const ingress& rules, node_role role, bool member,
                           const std::string& target, std::string* principal = nullptr) {
  envelope_header header;
  header.target = {target, "default"};
  if (principal) header.principal = *principal;
  auto refused = rules.admit({"demo", "n1", {role}}, member, header, any_type);
  if (principal) *principal = header.principal;
  return refused;
}

} // namespace

BOOST_AUTO_TEST_CASE(roles_reach_what_they_need) {
  using enum node_role;
  const ingress rules;
  const case_of cases[]{
      {worker, true, "files.read", true},        {worker, false, "files.read", false},
      {worker, false, "cluster.members", true},  {worker, true, "cluster.control", false},
      {coordinator, true, "files.read", true},   {coordinator, true, "cluster.control", true},
      {coordinator, false, "files.read", false}, {gateway, true, "workflow.runs", true},
      {gateway, true, "files.read", false},      {operator_, false, "cluster.control", true},
      {operator_, false, "files.read", false},   {operator_, true, "files.read", false},
      {worker, true, "cluster.secrets", false},
  };
  for (const case_of& each : cases)
    BOOST_TEST_CONTEXT(to_string(each.from)
                       << (each.member ? " member " : " stranger ") << each.target) {
      const auto refused = ask(rules, each.from, each.member, each.target);
      BOOST_TEST(refused.has_value() != each.allowed);
      if (refused) {
        BOOST_TEST(refused->type == "fabric.not_allowed");
        BOOST_TEST(!refused->retryable);
      }
    }
}

BOOST_AUTO_TEST_CASE(a_refusal_says_who_what_and_to_whom) {
  const auto refused = ask(ingress{}, node_role::gateway, true, "files.read");
  BOOST_REQUIRE(refused.has_value());
  BOOST_TEST(refused->message ==
             "node n1 (gateway) may not send troupe.v1.ReadFileRequest to files.read/default");
}

BOOST_AUTO_TEST_CASE(rules_of_a_host_name_types_of_messages) {
  const ingress rules{{{{node_role::gateway}, "files.*", "troupe.v1.ReadFile*", false}}};
  BOOST_TEST(!ask(rules, node_role::gateway, true, "files.read"));
  BOOST_TEST(ask(rules, node_role::gateway, true, "file").has_value());
  envelope_header header;
  header.target = {"files.read", "default"};
  BOOST_TEST(rules
                 .admit({"demo", "n1", {node_role::gateway}}, true, header,
                        "type.googleapis.com/troupe.v1.WriteFileRequest")
                 .has_value());
}

BOOST_AUTO_TEST_CASE(operators_speak_for_themselves_and_nodes_for_others) {
  std::string principal = "alice";
  BOOST_TEST(!ask(ingress{}, node_role::worker, true, "files.read", &principal));
  BOOST_TEST(principal == "alice");
  BOOST_TEST(!ask(ingress{}, node_role::operator_, false, "cluster.control", &principal));
  BOOST_TEST(principal == "n1");
  principal.clear();
  BOOST_TEST(!ask(ingress{}, node_role::worker, true, "files.read", &principal));
  BOOST_TEST(principal == "n1");
}

BOOST_AUTO_TEST_SUITE_END()
