#pragma once

#include "cluster/membership/defaults.hpp"
#include "cluster/membership/member_record.hpp"
#include "cluster/membership/phi_detector.hpp"

#include <chrono>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::cluster {

struct monitor_rules {
  std::chrono::milliseconds renew_every = membership_defaults::renew_every;
  std::chrono::milliseconds lease = membership_defaults::lease;
  /// Part by which a lease is taken to be longer, since this clock may be fast.
  double clock_drift = membership_defaults::clock_drift;
  double phi_threshold = membership_defaults::phi_threshold;
};

/// Watches the leases of all members from one coordinator. A pure state machine: time is an argument and comes from the
/// coordinator's own monotonic clock; it is fed with what the table says.
///
/// A member may be declared dead when this coordinator itself has seen the same lease, unprolonged, for longer than the
/// lease lasts: no clock is compared with another one's, and nobody's word is taken. The table then decides, in one
/// transaction, whether the lease still is that one and over by its own clock. While the table cannot be read nothing is
/// seen; afterwards every lease is watched anew for its whole length, since nobody could prolong one.
class member_monitor {
public:
  using time_point = std::chrono::steady_clock::time_point;

  /// A member that is suspected from now on, or not any more.
  struct suspicion {
    member_key key;
    bool suspected = false;
  };

  explicit member_monitor(monitor_rules rules) : rules_(rules) {}

  /// Takes what the table said. @param now when it had been read: not before.
  /// @returns whose suspicion has changed.
  std::vector<suspicion> observe(std::span<const workflow::member_lease_row> leases,
                                 time_point now);
  /// Who may be declared dead, as they were seen.
  [[nodiscard]] std::vector<workflow::member_lease_row> overdue(time_point now) const;
  [[nodiscard]] bool is_suspected(const member_key& key) const;

private:
  struct watched {
    workflow::member_lease_row seen;
    /// When this lease was seen first.
    time_point since;
    phi_detector detector;
    bool suspected = false;
  };

  void take(const workflow::member_lease_row& lease, time_point now, bool saw_nothing);
  [[nodiscard]] std::chrono::steady_clock::duration
  patience(const workflow::member_lease_row& lease) const;

  const monitor_rules rules_;
  std::map<std::string, watched, std::less<>> members_;
  time_point last_{};
};

} // namespace troupe::cluster
