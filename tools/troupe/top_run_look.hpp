#pragma once

#include "actors/workflow/insight/insight.hpp"
#include "tools/troupe/top_state.hpp"

#include <map>
#include <span>
#include <string>
#include <tuple>
#include <unordered_map>
#include <vector>

namespace troupe::cli {

/// What a run's history says of it, until it has another event.
struct run_look {
  std::uint64_t version = 0;
  std::int32_t priority = 0;
  std::string tenant;
  std::size_t steps = 0, steps_done = 0, steps_failed = 0;
  /// The oldest that are open, `most_waits` at most; steps that wait for others are not among them.
  std::vector<top_wait> waits;
  /// Of all that are open.
  std::map<std::string, std::size_t> counts;

  static constexpr std::size_t most_waits = 32;
};

[[nodiscard]] run_look look_at_run(const workflow::run_insight& of, std::uint64_t version);

/// What processes say of attempts that are wanted or at work.
class attempt_index {
public:
  explicit attempt_index(const std::vector<top_node>& nodes);
  /// Says more of a wait for an attempt, where its process does.
  void refine(const std::string& run, top_wait& wait) const;
  /// The runs that processes name.
  [[nodiscard]] std::vector<std::string> runs() const;

private:
  using name = std::tuple<std::string, std::string, std::uint32_t>;
  struct found {
    const workflow::node_snapshot::attempt* attempt = nullptr;
    bool waits = false;
  };
  std::map<name, found> attempts_;
};

/// The wait of a run that is shown: the oldest of those that nothing but time will not end, then of those with a time, then of
/// those at work.
[[nodiscard]] std::optional<top_wait> choose_wait(const run_look& of, const std::string& run,
                                                  const attempt_index& known,
                                                  std::chrono::system_clock::time_point now,
                                                  std::chrono::nanoseconds alarm_after);

} // namespace troupe::cli
