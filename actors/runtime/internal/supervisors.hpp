#pragma once

#include "actors/runtime/failure.hpp"
#include "actors/runtime/restart_tracker.hpp"
#include "actors/runtime/supervisor.hpp"
#include "kernels/result.hpp"

#include <chrono>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>

namespace troupe::runtime {

/// The tree of supervisors, and its decisions. Knows no agents. Any thread.
class supervisors {
public:
  using time_point = std::chrono::steady_clock::time_point;

  struct verdict {
    /// See `escalation`.
    std::string decided_by;
    std::string about;
    /// When to make them anew; nothing when they stay down.
    std::optional<std::chrono::milliseconds> restart_after;
  };

  /// @returns `bad_supervisor` for a name that is none or taken, or a parent that is not there.
  [[nodiscard]] result<void> add(supervisor one);
  /// Whether an agent type may name it; the empty name is the system.
  [[nodiscard]] bool knows(const std::string& name) const;
  /// Decides about a child of `above` that has spent its budget at `now`, which never goes back.
  [[nodiscard]] verdict judge(const std::string& above, time_point now);
  /// Whether `name` is `top` or somewhere below it.
  [[nodiscard]] bool is_within(const std::string& name, const std::string& top) const;
  /// Notes why the children of `top`, and theirs, stay down.
  void put_down(const std::string& top, failure why);
  /// Why the children of `name` stay down, if they do.
  [[nodiscard]] std::optional<failure> down(const std::string& name) const;

private:
  struct node {
    explicit node(supervisor wanted) : options(std::move(wanted)), budget(options.budget) {}
    supervisor options;
    restart_tracker budget;
    std::optional<failure> down;
  };

  [[nodiscard]] bool within(const std::string& name, const std::string& top) const;
  void start_anew_below(const std::string& top, const std::string& except);

  mutable std::mutex mutex_;
  std::map<std::string, node> nodes_;
};

} // namespace troupe::runtime
