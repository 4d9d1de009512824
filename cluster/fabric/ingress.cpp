#include "cluster/fabric/ingress.hpp"

#include <algorithm>
#include <utility>

namespace troupe::cluster {
namespace {

bool matches_pattern(std::string_view pattern, std::string_view name) {
  if (!pattern.ends_with('*')) return pattern == name;
  return name.starts_with(pattern.substr(0, pattern.size() - 1));
}

bool has_role_of(const ingress_rule& rule, const node_identity& from) {
  return std::any_of(from.roles.begin(), from.roles.end(),
                     [&](node_role each) { return rule.from.contains(each); });
}

/// The type's full name, without what stands before it.
std::string_view type_name_of(std::string_view type_url) {
  return type_url.substr(type_url.rfind('/') + 1);
}

std::string roles_text(const node_identity& from) {
  std::string made;
  for (const node_role each : from.roles)
    (made += made.empty() ? "" : ", ") += to_string(each);
  return made;
}

} // namespace

std::vector<ingress_rule> default_ingress_rules() {
  using enum node_role;
  return {
      {{coordinator, worker, gateway, operator_}, "cluster.members", "*", true},
      {{operator_}, "cluster.control", "*", true},
      {{coordinator}, "cluster.control", "*", false},
      {{gateway}, "workflow.*", "*", false},
      // Everything of people's own, and the built-in agents; what keeps the cluster together is above.
      {{coordinator, worker}, "*", "*", false},
  };
}

ingress::ingress(std::vector<ingress_rule> rules) : rules_(std::move(rules)) {}

std::optional<failure> ingress::admit(const node_identity& from, bool is_member,
                                      envelope_header& header, std::string_view type_url) const {
  const std::string_view type = type_name_of(type_url);
  const bool allowed = std::any_of(rules_.begin(), rules_.end(), [&](const ingress_rule& each) {
    // "*" alone stands for agents, not for what rules name one by one.
    const bool own = header.target.type.starts_with("cluster.");
    return (is_member || each.strangers) && has_role_of(each, from) &&
           (each.target != "*" || !own) && matches_pattern(each.target, header.target.type) &&
           matches_pattern(each.message, type);
  });
  if (!allowed)
    return failure{"fabric.not_allowed",
                   "node " + from.node + " (" + roles_text(from) +
                       (is_member ? ") may not send " : ", no member) may not send ") +
                       std::string{type} + " to " + header.target.to_string(),
                   false};
  if (header.principal.empty() || from.roles == std::set{node_role::operator_})
    header.principal = from.node;
  return std::nullopt;
}

} // namespace troupe::cluster
