#include "actors/scheduling/plan_search.hpp"

#include "actors/scheduling/critical_chain.hpp"

#include <algorithm>

namespace troupe::scheduling {
namespace {

/// Passes from both ends: as many rounds as help, and what is done without success.
constexpr int most_rounds = 12, patience = 3;
/// Annealing takes a plan that is longer by this share at first, and by less and less towards the end.
constexpr double first_temperature = 0.005;
/// Most changes of one step.
constexpr std::size_t most_moves = 3;
/// Of ten changes, on the critical chain.
constexpr std::size_t on_chain = 7;
/// The chain of the current plan is found again after so many plans as good as the one before.
constexpr std::size_t chain_refresh = 8;

} // namespace

plan_search::plan_search(const problem& of, std::uint64_t seed, const limits& bounds)
    : of_{of}, limits_{bounds}, random_{seed}, decoder_{of}, position_{positions(of.graph)},
      nowhere_(of.graph.size(), any_pool) {}

void plan_search::run() {
  try_starts();
  for (std::size_t i = 0; i < starts_.size() && (i == 0 || !finished()); ++i) {
    // The decoder must hold the plan that the passes begin with.
    evaluate(starts_[i].point);
    improve_from_both_ends(starts_[i], most_rounds, patience);
  }
  if (!finished()) anneal();
}

void plan_search::try_starts() {
  for (std::size_t i = 0; i < start_order_count && (i == 0 || !finished()); ++i) {
    auto [order, bias] = make_start_order(of_, i);
    candidate start{never, {std::move(order), nowhere_}};
    start.makespan = evaluate(start.point, bias);
    if (!bias.empty()) {
      // The order of this plan, so that it can be had without the bias.
      for (std::uint32_t task = 0; task < of_.graph.size(); ++task)
        start.point.pools[task] = decoder_.placements()[task].pool;
    }
    starts_.push_back(std::move(start));
  }
  std::stable_sort(starts_.begin(), starts_.end(),
                   [](const candidate& a, const candidate& b) { return a.makespan < b.makespan; });
}

double plan_search::evaluate(const search_point& point, std::span<const double> bias,
                             double limit) {
  const double makespan =
      decoder_.decode({point.order, point.pools, direction::forward, bias, limit});
  if (makespan < best_makespan_) {
    best_makespan_ = makespan;
    best_plan_ = decoder_.placements();
  }
  return makespan;
}

std::vector<std::uint32_t> plan_search::order_by_end(direction of_plan) const {
  const auto& plan = decoder_.placements();
  std::vector<std::uint32_t> order{of_.graph.order().begin(), of_.graph.order().end()};
  // What ends last comes first, in either direction; equals so that dependencies are kept.
  if (of_plan == direction::forward) std::reverse(order.begin(), order.end());
  std::stable_sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
    return plan[a].finish > plan[b].finish;
  });
  return order;
}

bool plan_search::improve_from_both_ends(candidate& at, int rounds, int patience) {
  bool better = false;
  for (int round = 0, failed = 0; round < rounds && failed < patience; ++round) {
    if (one_round(at)) {
      better = true;
      failed = 0;
    } else {
      ++failed;
    }
    if (finished()) break;
  }
  return better;
}

bool plan_search::one_round(candidate& at) {
  search_point next{order_by_end(direction::forward), nowhere_};
  const double backward = decoder_.decode({next.order, next.pools, direction::backward, {}, never});
  next.order = order_by_end(direction::backward);
  if (backward < at.makespan && backward < best_makespan_) mirror(next);
  const double makespan = evaluate(next);
  if (makespan >= at.makespan) return false;
  at = {makespan, std::move(next)};
  return true;
}

void plan_search::mirror(search_point& backward) {
  search_point pinned = backward;
  for (std::uint32_t task = 0; task < of_.graph.size(); ++task)
    pinned.pools[task] = decoder_.placements()[task].pool;
  evaluate(pinned);
}

void plan_search::anneal() {
  const auto best =
      std::min_element(starts_.begin(), starts_.end(), [](const candidate& a, const candidate& b) {
        return a.makespan < b.makespan;
      });
  candidate current = std::move(*best);
  evaluate(current.point);
  refresh_chain();
  const auto begin = decoder_.work();
  const auto budget = static_cast<double>(limits_.work - begin);
  while (!finished()) {
    const auto done = static_cast<double>(decoder_.work() - begin) / budget;
    const double limit = current.makespan * (1 + first_temperature * (1 - done));
    candidate next = neighbour_of(current);
    next.makespan = evaluate(next.point, {}, limit);
    if (next.makespan != never) accept(current, std::move(next));
  }
}

plan_search::candidate plan_search::neighbour_of(const candidate& at) {
  candidate next = at;
  for (std::size_t moves = 1 + random_.below(most_moves); moves > 0; --moves) {
    const std::uint32_t task = random_.chance(on_chain, 10)
                                   ? chain_[random_.below(chain_.size())]
                                   : static_cast<std::uint32_t>(random_.below(of_.graph.size()));
    if (random_.chance(1, 2))
      shift_in_order(next.point, of_.graph, task, random_);
    else
      change_pool(next.point, task, decoder_.pools_of(task), random_);
  }
  return next;
}

void plan_search::accept(candidate& current, candidate&& next) {
  const bool better = next.makespan < current.makespan;
  current = std::move(next);
  if (better && improve_from_both_ends(current, 2, 1)) evaluate(current.point);
  if (better || ++accepted_ % chain_refresh == 0) refresh_chain();
}

void plan_search::refresh_chain() {
  chain_.clear();
  for (const chain_link& link : critical_chain(of_, decoder_.placements()))
    chain_.push_back(link.task);
}

} // namespace troupe::scheduling
