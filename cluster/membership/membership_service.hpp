#pragma once

#include "actors/runtime/executor.hpp"
#include "actors/runtime/failure.hpp"
#include "actors/runtime/timer.hpp"
#include "cluster/membership/member_lease.hpp"
#include "cluster/membership/member_monitor.hpp"
#include "cluster/membership/membership_callbacks.hpp"
#include "troupe/v1/membership.pb.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <random>

namespace troupe::cluster {

class service_core;

struct membership_service_options {
  /// This coordinator, without incarnation. Its state is the one that it comes to once it has joined.
  member_record self{};
  std::shared_ptr<workflow::member_table> table{};
  /// Shared with others, and stopped after this.
  std::shared_ptr<timer> clock{};
  /// Where the table is asked, one call at a time; a thread of the service's own where there is none.
  std::shared_ptr<executor> store{};
  membership_callbacks callbacks{};
  /// What members get; the same at every coordinator of a cluster.
  std::chrono::milliseconds lease = membership_defaults::lease;
  std::chrono::milliseconds look_every = membership_defaults::look_every;
  std::chrono::milliseconds renewals_every = membership_defaults::renewals_every;
  /// How this coordinator keeps its own lease.
  lease_rules renewing{};
  double phi_threshold = membership_defaults::phi_threshold;
  std::uint64_t seed = std::random_device{}();
};

/// Since the start.
struct membership_counters {
  std::uint64_t joins = 0;
  /// Members' renewals that were granted, and the transactions of the table that this took.
  std::uint64_t renewals = 0;
  std::uint64_t renewal_commits = 0;
  std::uint64_t fenced = 0;
  std::uint64_t declared_dead = 0;
  /// Calls of the table that failed.
  std::uint64_t store_failures = 0;
};

/// The membership at one coordinator: it is a member itself, takes others in and prolongs their leases in the table, in
/// batches, watches who renews, and declares dead whose lease is over. All coordinators of a cluster do so on one table, and
/// know of each other through nothing else.
///
/// While the table cannot be reached no lease is granted and nobody is declared dead; this coordinator's own lease ends then,
/// too (`on_fenced`), and it joins again when the table is back.
///
/// All members may be called by any thread, and do not block except `start` and `stop`.
class membership_service {
public:
  template <class T>
  using answer = std::function<void(reply<T>)>;

  struct grant {
    std::uint64_t incarnation = 0;
    /// From the moment at which it was asked for.
    std::chrono::milliseconds lease{};
  };

  /// Joins. Blocks on the table.
  /// @returns `membership_errc::bad_record`; `incompatible` with a coordinator that is a member; the table's errors.
  [[nodiscard]] static result<std::unique_ptr<membership_service>>
  start(membership_service_options options);
  /// Stops without leaving.
  ~membership_service();
  membership_service(const membership_service&) = delete;
  membership_service& operator=(const membership_service&) = delete;

  /// Takes a node in that was admitted (`admit`). `then` is called once, on any thread; failures are those of `to_failure`.
  void join(const member_record& node, answer<grant> then);
  /// Prolongs a lease. @param state what the member has come to.
  void renew(const member_key& member, member_state state, answer<std::chrono::milliseconds> then);
  /// Brings a member to a later state: `draining` for an operator, `left` for who goes. "cluster.fenced" where it is none.
  void advance(const member_key& member, member_state to, answer<void> then);
  /// What this coordinator itself has come to, from now on and in later lives.
  void set_state(member_state to);

  /// Never nullptr.
  [[nodiscard]] view_ptr view() const;
  /// What somebody does not know who knows up to a version.
  [[nodiscard]] v1::MembershipChanges changes_since(std::uint64_t version) const;
  /// Whether this coordinator may act as a member at this moment. Asked before each act that only a member may do.
  [[nodiscard]] bool holds() const;
  /// Of its last life; 0 before the first.
  [[nodiscard]] std::uint64_t incarnation() const;
  [[nodiscard]] const member_record& self() const;
  [[nodiscard]] membership_counters counters() const;

  /// Refuses what comes, fails what waits, waits for the call of the table that is under way, and leaves where that is said.
  /// No callback comes any more. Not from a callback. May be called again.
  void stop(bool leave = true);

private:
  explicit membership_service(std::shared_ptr<service_core> core);
  std::shared_ptr<service_core> core_;
};

} // namespace troupe::cluster
