#pragma once

#include "actors/scheduling/resources/resource_vector.hpp"
#include "actors/workflow/members/member_table.hpp"
#include "cluster/pki/identity.hpp"
#include "kernels/result.hpp"

#include <chrono>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

namespace troupe::cluster {

using workflow::is_gone;
using workflow::member_key;
using workflow::member_state;

/// "joining", "active", "draining", "left", "dead".
[[nodiscard]] std::string_view to_string(member_state state);

/// Full names of Protobuf messages.
struct offered_method {
  std::string request;
  std::string reply;

  friend bool operator==(const offered_method&, const offered_method&) = default;
};

/// Agents of one type that a node has.
struct offered_agent {
  std::string type;
  /// Which of them; none: all.
  std::vector<std::string> keys{};
  std::vector<offered_method> methods{};

  friend bool operator==(const offered_agent&, const offered_agent&) = default;
};

/// Versions of the protocol between nodes that a build speaks.
struct protocol_range {
  std::uint32_t oldest = 1;
  std::uint32_t newest = 1;

  friend bool operator==(const protocol_range&, const protocol_range&) = default;
};

/// A node as a member of the cluster. Plain data.
struct member_record {
  /// As its certificate names it (`check_name`).
  std::string node{};
  /// Which of its lives: given by the table at each join, greater than every earlier one of any node, so a fencing epoch.
  /// 0 before.
  std::uint64_t incarnation = 0;
  member_state state = member_state::joining;
  /// HOST:PORT, the first to be tried first.
  std::vector<std::string> addresses{};
  /// At least one of coordinator, worker, gateway.
  std::set<node_role> roles{};
  scheduling::resource_vector resources{};
  std::string node_class{};
  std::vector<offered_agent> agents{};
  /// MAJOR.MINOR.PATCH
  std::string build{};
  protocol_range protocol{};
  /// By the table's clock, to the microsecond.
  std::chrono::system_clock::time_point joined{};

  friend bool operator==(const member_record&, const member_record&) = default;

  [[nodiscard]] member_key key() const { return {node, incarnation}; }
};

/// Whether all is within its bounds (`membership_defaults`).
/// @returns `membership_errc::bad_record`, which names the field.
[[nodiscard]] result<void> check(const member_record& of);

} // namespace troupe::cluster
