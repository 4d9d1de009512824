#pragma once

#include "actors/runtime/agent.hpp"
#include "cluster/membership/admission.hpp"
#include "cluster/membership/membership_service.hpp"

#include <memory>

namespace troupe::cluster {

/// Where nodes reach the membership of a coordinator.
inline constexpr std::string_view members_agent_type = "cluster.members";

/// The agent type `cluster.members`, of which there is `default`: nodes join, renew and leave there
/// (`schemas/troupe/v1/membership.proto`). Who speaks is the principal of the envelope, which must be the name of the node: the
/// ingress sets it from the peer's certificate.
///
/// | failure | when |
/// |---|---|
/// | cluster.bad_request | what the node says of itself cannot be |
/// | cluster.not_trusted | its certificate is another node's, or does not give the role |
/// | cluster.incompatible | its release does not fit this coordinator's |
/// | cluster.fenced | this life of it is over; it must join anew |
/// | cluster.unavailable (retryable) | this coordinator cannot reach its store, or stops |
///
/// @param roles_of what a principal's certificate gives; any thread.
[[nodiscard]] agent_type make_members_agent(std::shared_ptr<membership_service> service,
                                            roles_of_principal roles_of);

} // namespace troupe::cluster
