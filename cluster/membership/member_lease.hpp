#pragma once

#include "cluster/membership/defaults.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <random>

namespace troupe::cluster {

struct lease_rules {
  std::chrono::milliseconds renew_every = membership_defaults::renew_every;
  /// Part of `renew_every` by which a renewal may be sent earlier, by chance.
  double jitter = membership_defaults::jitter;
  /// Part of a lease that is given away, since this clock may be slow.
  double clock_drift = membership_defaults::clock_drift;
  std::chrono::milliseconds stop_before_end = membership_defaults::stop_before_end;
  std::chrono::milliseconds retry_after = membership_defaults::retry_after;
  std::chrono::milliseconds longest_retry = membership_defaults::longest_retry;
};

/// What a member does to be one: when it joins and renews, until when it may act, and when it must have stopped. A pure state
/// machine: time is an argument and comes from the member's own monotonic clock; whoever drives it sends what is due, tells
/// what became of it, and looks again at `next()`.
///
/// A lease counts from the moment at which it was asked for, and is taken to be shorter by `clock_drift`: as long as no clock
/// is off by more, it ends here before it ends where it was granted. Who has lost it is fenced for good, and must join anew.
class member_lease {
public:
  using time_point = std::chrono::steady_clock::time_point;

  enum class phase {
    /// No member; it joins when that is due.
    outside,
    /// It has a lease.
    member,
    /// It had one; everything must stop. It does not join before `stopped`.
    fenced,
    /// It said that it goes: nothing is due any more.
    ended
  };

  enum class request_kind { join, renew };

  struct request {
    request_kind kind = request_kind::join;
    /// Names the request for `granted`, `refused` and `failed`.
    std::uint64_t number = 0;
    /// Of whom the lease is; 0 for a join.
    std::uint64_t incarnation = 0;
  };

  /// @param seed of the jitter.
  member_lease(lease_rules rules, std::uint64_t seed, time_point now);

  /// What is to be sent at this moment; it counts as sent then.
  [[nodiscard]] std::optional<request> due(time_point now);
  /// The answer to a join. An answer to an earlier join than the last one counts for nothing: it has lost its place.
  /// @returns whether this made it a member.
  bool joined(std::uint64_t number, std::uint64_t incarnation, std::chrono::milliseconds lease,
              time_point now);
  /// The answer to a renewal. One that comes twice, late, or for an incarnation that is over changes nothing.
  void renewed(std::uint64_t number, std::chrono::milliseconds lease);
  /// The table has another incarnation, or none. @returns whether this fenced it.
  bool refused(std::uint64_t number);
  /// No answer, or none that says anything: it is tried again soon, as the lease allows.
  void failed(std::uint64_t number, time_point now);
  /// Looks whether the lease is over. @returns whether this fenced it.
  bool expire(time_point now);
  /// All that the fenced incarnation had begun is over; it may join again.
  void stopped(time_point now);
  /// Something is to be said: the next request is due now.
  void hurry(time_point now) { next_request_ = std::min(next_request_, now); }
  /// It goes: nothing is sent any more, and nothing holds.
  void end() { phase_ = phase::ended; }

  [[nodiscard]] phase now_is() const { return phase_; }
  /// Whether it may act as a member at this moment. Asked before each act that only a member may do: a process that was
  /// paused must not trust what it knew before.
  [[nodiscard]] bool holds(time_point now) const {
    return phase_ == phase::member && now < stop_at_;
  }
  /// Of the lease; that which was fenced, where it was.
  [[nodiscard]] std::uint64_t incarnation() const { return incarnation_; }
  /// When everything must have stopped, unless the lease is prolonged.
  [[nodiscard]] time_point stop_at() const { return stop_at_; }
  /// When to call `due` and `expire` again.
  [[nodiscard]] time_point next() const;

private:
  [[nodiscard]] std::optional<time_point> take_sent(std::uint64_t number);
  void prolong(time_point sent, std::chrono::milliseconds lease);
  void fence();

  const lease_rules rules_;
  std::minstd_rand chance_;
  phase phase_ = phase::outside;
  std::uint64_t incarnation_ = 0;
  std::uint64_t last_number_ = 0;
  time_point next_request_, stop_at_{};
  int failures_ = 0;
  /// Requests without an answer: when each was sent.
  std::map<std::uint64_t, time_point> sent_;
};

} // namespace troupe::cluster
