#pragma once

#include "cluster/membership/member_record.hpp"

#include <functional>
#include <optional>
#include <set>
#include <string>

namespace troupe::cluster {

/// The roles that a principal has; nothing where nobody of that name is known. Any thread.
using roles_of_principal =
    std::function<std::optional<std::set<node_role>>(const std::string& principal)>;

/// Whether a principal, the name in the certificate of who speaks, speaks for a node.
/// @returns `membership_errc::not_trusted`.
[[nodiscard]] result<void> check_speaker(const std::string& principal, const std::string& node);

/// Whether a node may become a member: it is who it says, has the roles, and its release fits.
/// @param ours this coordinator. @param theirs checked (`check`).
/// @returns `membership_errc::not_trusted`, `incompatible`.
[[nodiscard]] result<void> admit(const std::string& principal, const member_record& theirs,
                                 const member_record& ours, const roles_of_principal& roles_of);

} // namespace troupe::cluster
