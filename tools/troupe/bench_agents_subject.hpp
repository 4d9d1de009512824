#pragma once

#include "kernels/result.hpp"
#include "tools/troupe/bench_time.hpp"

#include <chrono>
#include <cstddef>
#include <future>
#include <memory>
#include <string>
#include <vector>

namespace troupe::cli {

/// How many a second, by the clock and by the CPU time of the whole process.
struct bench_rate {
  double per_second = 0;
  double per_core_second = 0;
};

/// What many agents cost that were started, handled one message each, and are idle.
struct population_cost {
  /// From the first start to the last handled message.
  bench_rate starts;
  /// Growth of the heap in use, and of the resident set, over the number of agents.
  double heap_bytes_each = 0;
  double resident_bytes_each = 0;
};

/// A runtime whose agents are measured: troupe, or bare CAF as the floor. Every function starts a system of its own, does
/// its work and ends the system; starting and ending are not timed. One thread.
class agent_subject {
public:
  virtual ~agent_subject() = default;

  /// An agent asks another, `count` times, each time after the answer. @returns [count] round trips in microseconds.
  [[nodiscard]] virtual result<std::vector<double>> requests_between_agents(std::size_t count) = 0;
  /// The same, asked by a thread that is no agent and blocks until the answer is there.
  [[nodiscard]] virtual result<std::vector<double>> requests_from_host(std::size_t count) = 0;
  /// An agent sends another `count` messages without waiting. @returns messages from the first sent to the last
  /// received.
  [[nodiscard]] virtual result<bench_rate> one_way_rate(std::size_t count) = 0;
  [[nodiscard]] virtual result<population_cost> populate(std::size_t agents) = 0;
};

/// troupe's agents through the public API. @param workers threads that run agents.
[[nodiscard]] std::unique_ptr<agent_subject> troupe_subject(std::size_t workers);

/// CAF's event-based actors without anything of troupe. @param policy of CAF's scheduler: "sharing" or "stealing".
[[nodiscard]] std::unique_ptr<agent_subject> bare_caf_subject(std::size_t workers,
                                                              std::string policy);

/// Requests that go ahead of those measured.
inline constexpr std::size_t warm_up_requests = 2'000;
/// Whatever takes longer than this to answer is broken.
inline constexpr std::chrono::minutes longest_measurement{2};

/// Waits until what is measured says that it is done. @returns `bench_failed` after `longest_measurement`.
[[nodiscard]] result<void> await(std::future<void> done, const char* what);

/// `count` over the time since `timer` was made.
[[nodiscard]] bench_rate rate_of(std::size_t count, const stopwatch& timer);

/// Times the start of a population and what it occupies.
class population_meter {
public:
  population_meter();
  /// All are idle now.
  [[nodiscard]] population_cost finish(std::size_t agents) const;

private:
  std::size_t heap_, resident_;
  stopwatch timer_;
};

} // namespace troupe::cli
