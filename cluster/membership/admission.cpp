#include "cluster/membership/admission.hpp"

#include "cluster/membership/errc.hpp"
#include "cluster/membership/release.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace troupe::cluster {

result<void> check_speaker(const std::string& principal, const std::string& node) {
  if (principal == node) return {};
  return fail(membership_errc::not_trusted,
              fmt::format("a node whose certificate is {} speaks for node {}; give each node the "
                          "certificate of its own name",
                          principal.empty() ? "nobody's" : "that of '" + principal + "'", node));
}

result<void> admit(const std::string& principal, const member_record& theirs,
                   const member_record& ours, const roles_of_principal& roles_of) {
  if (auto same = check_speaker(principal, theirs.node); !same) return same;
  const auto given = roles_of(principal);
  if (!given)
    return fail(membership_errc::not_trusted,
                fmt::format("no certificate of node {} is known", theirs.node));
  for (const node_role role : theirs.roles)
    if (!given->contains(role))
      return fail(membership_errc::not_trusted,
                  fmt::format("the certificate of node {} does not give the role {}; issue one "
                              "that does with 'troupe ca issue'",
                              theirs.node, to_string(role)));
  return check_compatible(ours, theirs);
}

} // namespace troupe::cluster
