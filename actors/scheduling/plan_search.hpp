#pragma once

#include "actors/scheduling/problem.hpp"
#include "actors/scheduling/random_numbers.hpp"
#include "actors/scheduling/search_moves.hpp"
#include "actors/scheduling/serial_decoder.hpp"
#include "actors/scheduling/start_orders.hpp"

#include <cstdint>
#include <vector>

namespace troupe::scheduling {

/// Searches orders of tasks, and pools for some of them, for a short plan: several ranks, each improved by passes from both
/// ends, then annealing with moves on the critical chain. What it does is bounded by work, not by time, so a plan depends on
/// problem and seed alone. One thread; the problem must outlive it.
/// Source: Li, Willis: An iterative scheduling technique for resource-constrained project scheduling (1992), for the passes.
class plan_search {
public:
  struct limits {
    /// Of `serial_decoder::work`. The first order and one pass from both ends are done in any case.
    std::uint64_t work = 0;
    /// A makespan in seconds that cannot be beaten: no need to go on.
    double lower_bound = 0;
  };

  plan_search(const problem& of, std::uint64_t seed, const limits& bounds);

  /// Once.
  void run();

  [[nodiscard]] double makespan() const { return best_makespan_; }
  /// The shortest plan found. [tasks]
  [[nodiscard]] const std::vector<pool_placement>& plan() const { return best_plan_; }
  [[nodiscard]] std::uint64_t work() const { return decoder_.work(); }

private:
  struct candidate {
    double makespan = never;
    search_point point;
  };

  void try_starts();
  void anneal();
  /// Decodes and remembers what is best.
  double evaluate(const search_point& point, std::span<const double> bias = {},
                  double limit = never);
  /// Plans from the end, then from the start, in the order that the other plan gives, again and again. The decoder must hold a
  /// forward plan. @returns whether a better one than `at` was found; `at` is it then.
  bool improve_from_both_ends(candidate& at, int rounds, int patience);
  bool one_round(candidate& at);
  /// Fixes the pools of a backward plan and moves every task to its earliest time.
  void mirror(search_point& backward);
  [[nodiscard]] candidate neighbour_of(const candidate& at);
  void accept(candidate& current, candidate&& next);
  void refresh_chain();
  /// The tasks by the starts of the decoder's plan, or by its ends from the last.
  [[nodiscard]] std::vector<std::uint32_t> order_by_end(direction of_plan) const;
  [[nodiscard]] bool finished() const {
    return decoder_.work() >= limits_.work || best_makespan_ <= limits_.lower_bound * (1 + 1e-12);
  }

  const problem& of_;
  limits limits_;
  random_numbers random_;
  serial_decoder decoder_;
  std::vector<std::uint32_t> position_, nowhere_, chain_;
  std::vector<candidate> starts_;
  std::size_t accepted_ = 0;
  double best_makespan_ = never;
  std::vector<pool_placement> best_plan_;
};

} // namespace troupe::scheduling
