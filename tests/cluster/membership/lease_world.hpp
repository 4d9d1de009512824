#pragma once

#include "cluster/membership/member_lease.hpp"
#include "cluster/membership/member_monitor.hpp"

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <ostream>
#include <queue>
#include <random>
#include <set>
#include <vector>

namespace troupe::test {

/// Members, coordinators and one table in a time of its own that nobody in it can read: each member and each coordinator has a
/// monotonic clock that runs at a rate of its own, and so has the table. Messages take their time, are lost and come twice.
class lease_world {
public:
  using time = std::chrono::microseconds;
  static constexpr std::size_t members = 3, coordinators = 2;

  enum class fault_kind {
    pause_member,
    pause_coordinator,
    store_away,
    partition,
    slow,
    lossy,
    doubling
  };
  struct fault {
    fault_kind kind = fault_kind::slow;
    std::uint32_t who = 0;
    std::uint32_t at_ms = 0, for_ms = 0;
  };
  struct setting {
    /// By how much each clock is too fast, in parts of 10,000.
    std::array<int, members> member_drift{};
    std::array<int, coordinators> coordinator_drift{};
    int table_drift = 0;
    std::uint32_t seed = 0;
    std::vector<fault> faults{};
    cluster::lease_rules rules{};
    cluster::monitor_rules watching{};
  };

  explicit lease_world(const setting& of);
  void run(time until);

  /// Incarnations that were dead in the table while their member believed in its lease.
  [[nodiscard]] std::size_t violations() const { return violations_; }
  [[nodiscard]] std::size_t deaths() const { return dead_.size(); }
  [[nodiscard]] std::size_t fencings() const { return fencings_; }
  [[nodiscard]] std::size_t joins() const { return joins_; }
  /// Ends a member: nothing of it runs any more.
  void kill(std::size_t member) { members_.at(member).killed = true; }
  [[nodiscard]] bool is_dead(std::size_t member) const;
  [[nodiscard]] bool holds(std::size_t member) const;

private:
  struct drifting {
    double rate = 1.0;
    time offset{};
  };
  struct node {
    drifting clock;
    cluster::member_lease lease;
    bool killed = false;
    std::size_t asks = 0;
  };
  struct watcher {
    drifting clock;
    cluster::member_monitor monitor;
  };
  struct event {
    time when;
    std::uint64_t order;
    std::function<void()> what;
    bool operator>(const event& other) const {
      return std::tie(when, order) > std::tie(other.when, other.order);
    }
  };

  void after(time wait, std::function<void()> what);
  [[nodiscard]] bool is_on(fault_kind kind, std::uint32_t who) const;
  /// When somebody who is paused now goes on.
  [[nodiscard]] time pause_left(fault_kind kind, std::uint32_t who) const;
  [[nodiscard]] std::chrono::steady_clock::time_point at(const drifting& clock) const;
  [[nodiscard]] std::size_t below(std::size_t bound);

  void member_step(std::size_t who);
  void transmit(std::size_t member, std::size_t coordinator, const std::function<void()>& deliver);
  void arrive(std::size_t member, std::size_t coordinator, cluster::member_lease::request of);
  void answer(std::size_t member, std::size_t coordinator, std::function<void()> take);
  void look(std::size_t coordinator);
  void observe(std::size_t coordinator, const std::vector<workflow::member_lease_row>& seen);
  void declare(std::size_t coordinator, std::vector<workflow::member_lease_row> overdue);
  void check();

  const setting setting_;
  std::minstd_rand chance_;
  time now_{};
  std::uint64_t order_ = 0;
  std::priority_queue<event, std::vector<event>, std::greater<>> events_;
  drifting table_clock_;
  std::shared_ptr<workflow::member_table> table_;
  std::vector<node> members_;
  std::vector<watcher> coordinators_;
  std::set<workflow::member_key> dead_;
  std::size_t violations_ = 0, fencings_ = 0, joins_ = 0;
};

inline std::ostream& operator<<(std::ostream& out, const lease_world::fault& of) {
  return out << "{fault " << static_cast<int>(of.kind) << " of " << of.who << " at " << of.at_ms
             << " ms for " << of.for_ms << " ms}";
}

} // namespace troupe::test
