#pragma once

#include "actors/runtime/envelope.hpp"
#include "actors/runtime/failure.hpp"
#include "cluster/fabric/transport.hpp"

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::cluster {

/// Lets messages in: what nodes of some roles may send to agents of some types.
struct ingress_rule {
  std::set<node_role> from;
  /// An agent type, or its beginning and "*". "*" alone leaves out `cluster.*`: what keeps the cluster together is let in by
  /// name.
  std::string target;
  /// Full name of the payload's Protobuf type, or its beginning and "*".
  std::string message = "*";
  /// Also nodes that are not members yet, or never will be: command lines, nodes that join.
  bool strangers = false;
};

/// What comes with troupe: coordinators and workers reach every agent but `cluster.control`; gateways what is about
/// workflows; all nodes `cluster.members`, to join; operators `cluster.control` and `cluster.members`.
[[nodiscard]] std::vector<ingress_rule> default_ingress_rules();

/// Who may send what to whom on this node. What no rule lets in is refused. Immutable: any thread.
class ingress {
public:
  explicit ingress(std::vector<ingress_rule> rules = default_ingress_rules());

  /// Decides about a message, and sets its principal: nodes that serve people (all but operators' command lines) pass on
  /// for whom they ask; else it is the node itself.
  /// @param is_member whether the sender has joined.
  /// @returns the failure "fabric.not_allowed" where it is refused.
  [[nodiscard]] std::optional<failure> admit(const node_identity& from, bool is_member,
                                             envelope_header& header,
                                             std::string_view type_url) const;

private:
  std::vector<ingress_rule> rules_;
};

} // namespace troupe::cluster
