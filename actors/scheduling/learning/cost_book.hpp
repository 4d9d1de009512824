#pragma once

#include "actors/scheduling/learning/run_time_model.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>

namespace troupe::scheduling {

/// What run times are told apart by. An empty `step`: of whatever step; an empty `node_class` as well: on whatever node.
struct cost_key {
  std::string agent_type;
  std::string node_class;
  /// `WORKFLOW/STEP`.
  std::string step;

  bool operator==(const cost_key&) const = default;
  friend bool operator<(const cost_key& a, const cost_key& b) {
    return std::tie(a.agent_type, a.node_class, a.step) <
           std::tie(b.agent_type, b.node_class, b.step);
  }
};

/// Where an estimate comes from, the best first.
enum class estimate_source : std::uint8_t { step, agent, declared, other_nodes, assumed };
[[nodiscard]] std::string_view name_of(estimate_source source);

struct run_time_estimate {
  double mean_seconds = 1;
  double p50_seconds = 1;
  double p95_seconds = 1;
  /// Measurements behind it, so far as they still count.
  double weight = 0;
  estimate_source source = estimate_source::assumed;
};

/// What has been learnt of run times, for a bounded number of keys. Plain data; not thread-safe.
class cost_book {
public:
  /// The one that was not measured for longest makes room.
  static constexpr std::size_t most_entries = 4'096;
  /// Of one name in a key; what is longer is cut.
  static constexpr std::size_t most_name_bytes = 300;
  /// So many measurements count more than what a definition declares.
  static constexpr double enough = 3;

  struct entry {
    run_time_model model;
    /// Number of the measurement that was the last.
    std::uint64_t last = 0;
  };

  /// One measured run time: it counts for its step, for its agent on such nodes, and for its agent anywhere.
  void observe(const cost_key& of, double seconds, std::uint64_t bytes);
  /// @param bytes of the request; absent: as usual.
  /// @param declared by the definition, in seconds.
  [[nodiscard]] run_time_estimate estimate(const cost_key& of,
                                           std::optional<std::uint64_t> bytes = {},
                                           std::optional<double> declared = {}) const;
  [[nodiscard]] const std::map<cost_key, entry>& entries() const { return entries_; }
  /// Of a file. @returns false where there is no room or the key is there already.
  bool insert(cost_key key, const entry& known);

private:
  void note(cost_key key, double seconds, std::uint64_t bytes);
  void make_room();
  [[nodiscard]] const run_time_model* find(const cost_key& key, double least_weight) const;

  std::map<cost_key, entry> entries_;
  std::uint64_t last_ = 0;
};

} // namespace troupe::scheduling
