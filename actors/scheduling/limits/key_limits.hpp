#pragma once

#include "actors/scheduling/resources/waiting_line.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

namespace troupe::scheduling {

/// What somebody who waits is bound to at one key.
struct key_limit {
  std::string key;
  /// So many hold the key at once; 0: no bound.
  std::uint32_t concurrency = 0;
  /// Between one start and the next, on average; 0: no bound.
  std::chrono::nanoseconds interval{};
  /// So many may start at once after a pause; at least 1.
  std::uint32_t burst = 1;
};

/// Who may start under limits of concurrency and of rate, each of a key.
///
/// Whoever waits is in the queue of each of its keys, in the order of `waiting_line`: by priority, then by arrival. It is
/// *admitted* once it is the first in all of them and all have room for it, and takes from all of them at once when it
/// starts. So the queue of a key is never overtaken, and who holds one key never waits for another: the first of all who
/// wait is the first in each of its queues, hence goes as soon as they have room. The price is that a queue stands behind
/// its first one also while that waits for another key, or, admitted, for something else.
///
/// A rate is kept by the generic cell rate algorithm (ITU-T I.371), a token bucket whose only state is the time at which it
/// is full again. A key that nobody waits for or holds, and whose bucket is full, is forgotten.
///
/// One thread. No clock of its own: a time that goes back makes nobody wait for longer than its bucket takes to fill.
class key_limits {
public:
  using who = waiting_line::key;
  using time_point = std::chrono::system_clock::time_point;
  /// Never 0.
  using hold_id = std::uint64_t;
  static constexpr std::size_t most_keys = 100'000;

  explicit key_limits(std::size_t bound = most_keys) : bound_(bound) {}

  /// @param wanted not empty, each key once.
  /// @returns false, and changes nothing, where there would be more keys than may be remembered.
  [[nodiscard]] bool add(who waiting, const std::vector<key_limit>& wanted, time_point now);
  /// Lets go of one who waits. @returns false where it does not.
  bool remove(who waiting);
  [[nodiscard]] bool waits(who waiting) const { return waiting_.contains(waiting); }

  struct changes {
    /// They may start now.
    std::vector<who> admitted;
    /// They were admitted, and are not the first any more.
    std::vector<who> displaced;
  };
  /// What has changed since the last call, and by the time.
  [[nodiscard]] changes update(time_point now);
  /// When time alone may admit somebody; absent where it cannot.
  [[nodiscard]] std::optional<time_point> next_wake() const;

  /// Starts one who is admitted: it waits no longer, and holds its keys.
  /// @returns 0 where it is not admitted.
  [[nodiscard]] hold_id grant(who admitted, time_point now);
  /// Gives the keys back. @returns false where there is no such hold (any more).
  bool release(hold_id held);

  /// Why one who waits is not admitted.
  struct obstacle {
    std::string key;
    /// Its queue or its bound of concurrency; else its rate.
    bool concurrency = true;
    /// Who hold the key, and how many may.
    std::size_t held = 0;
    std::uint32_t bound = 0;
    /// Who are before it in the key's queue.
    std::size_t ahead = 0;
    /// Of a rate: when there is room again.
    std::optional<time_point> at;
  };
  /// Absent where it is admitted, or does not wait.
  [[nodiscard]] std::optional<obstacle> obstacle_of(who waiting, time_point now) const;

  struct usage {
    std::string key;
    /// Who hold it, and who wait for it.
    std::size_t held = 0, waiting = 0;
    /// When its rate has all its room again; absent where it has.
    std::optional<time_point> full;
  };
  /// The keys that most wait for or hold.
  /// @param looked_at so many are looked at, whichever they are.
  [[nodiscard]] std::vector<usage> busiest(std::size_t most, std::size_t looked_at,
                                           time_point now) const;

  [[nodiscard]] std::size_t keys() const { return keys_.size(); }
  [[nodiscard]] std::size_t holds() const { return holds_.size(); }
  [[nodiscard]] std::size_t waiting() const { return waiting_.size(); }
  /// Forgets the keys that are as new.
  void forget_idle(time_point now);
  void clear();

private:
  struct key_state {
    std::set<who> queue;
    std::size_t held = 0;
    /// When the bucket is full again.
    time_point full{};
    /// The longest time that it may take to be.
    std::chrono::nanoseconds longest{};
    std::optional<time_point> wake;
    bool changed = false;
  };
  using key_map = std::unordered_map<std::string, key_state>;
  /// Entries of a map stay where they are.
  using key_place = key_map::value_type*;
  struct demand {
    key_place of = nullptr;
    std::uint32_t concurrency = 0;
    std::chrono::nanoseconds interval{};
    std::uint32_t burst = 1;
  };
  struct waiter {
    std::vector<demand> demands;
    bool admitted = false;
  };

  [[nodiscard]] static time_point room_at(const demand& wanted, time_point now);
  [[nodiscard]] static bool has_slot(const demand& wanted);
  [[nodiscard]] bool may_go(who waiting, const waiter& wanted, time_point now);
  void mark(key_place which);
  void wake_at(key_place which, time_point moment);
  void leave_queues(who waiting, const waiter& gone);
  void look_at(key_place which, time_point now, std::vector<who>& admitted);
  [[nodiscard]] static bool is_idle(const key_state& of, time_point now);

  std::size_t bound_;
  key_map keys_;
  std::map<who, waiter> waiting_;
  std::map<hold_id, std::vector<key_place>> holds_;
  hold_id last_hold_ = 0;
  std::vector<key_place> changed_;
  std::vector<who> displaced_;
  std::set<std::pair<time_point, key_place>> wakes_;
  /// When there are so many keys, idle ones are looked for.
  std::size_t sweep_at_ = 1'024;
};

} // namespace troupe::scheduling
