#include "actors/scheduling/online/late_round.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace troupe::scheduling {

void late_round::begin(const online_state& state) {
  promised_seconds_.assign(state.on().slot_count(), 0);
  free_at_.resize(state.on().pools().size());
  free_slot_.resize(free_at_.size());
  for (std::uint32_t pool = 0; pool < free_at_.size(); ++pool)
    find_first_free(state, pool);
  memory_.resize(state.on().nodes().size());
  for (node_memory& of : memory_) {
    of.promised = 0;
    of.known = false;
  }
  if (first_slot_.size() == memory_.size()) return;
  first_slot_.assign(memory_.size(), 0);
  for (std::uint32_t node = 1; node < memory_.size(); ++node)
    first_slot_[node] = first_slot_[node - 1] + state.on().slots_of_node(node - 1);
}

double late_round::running_end(const online_state& state, std::uint32_t slot) const {
  const slot_state& at = state.slots()[slot];
  const double now = state.now();
  if (!at.busy) return now;
  return std::max({now, at.expected_end, now + options_.overdue * (now - at.started)});
}

double late_round::available(const online_state& state, std::uint32_t slot) const {
  return running_end(state, slot) + state.slots()[slot].queued_seconds;
}

void late_round::find_first_free(const online_state& state, std::uint32_t pool) {
  const slot_pool& of = state.on().pools()[pool];
  free_at_[pool] = never;
  for (std::uint32_t slot = of.first_slot; slot < of.first_slot + of.count; ++slot)
    if (const double at = available(state, slot) + promised_seconds_[slot]; at < free_at_[pool]) {
      free_at_[pool] = at;
      free_slot_[pool] = slot;
    }
}

const std::vector<late_round::memory_end>& late_round::ends_of(const online_state& state,
                                                               std::uint32_t node) {
  node_memory& of = memory_[node];
  if (of.known) return of.ends;
  of.known = true;
  of.ends.clear();
  const auto note = [&](double at, task_key key) {
    of.ends.push_back({at, state.known(key.workflow).costs.memory_bytes(key.task)});
  };
  const std::uint32_t end = first_slot_[node] + state.on().slots_of_node(node);
  for (std::uint32_t slot = first_slot_[node]; slot < end; ++slot) {
    const slot_state& at = state.slots()[slot];
    if (at.busy) note(running_end(state, slot), at.running);
    for (const queued_task& waiting : at.queue)
      note(available(state, slot), waiting.key);
  }
  std::sort(of.ends.begin(), of.ends.end(),
            [](const memory_end& a, const memory_end& b) { return a.at < b.at; });
  return of.ends;
}

double late_round::memory_at(const online_state& state, std::uint32_t node, std::uint64_t bytes) {
  const std::uint64_t wanted = bytes + memory_[node].promised;
  if (state.has_memory(node, wanted)) return state.now();
  // What is not enough even when all has ended waits for the last of them.
  std::uint64_t claimed = state.claimed_bytes(node);
  double last = state.now();
  for (const memory_end& each : ends_of(state, node)) {
    claimed -= each.bytes;
    last = each.at;
    if (claimed + wanted <= state.on().nodes()[node].memory_bytes) break;
  }
  return last;
}

std::uint32_t late_round::nearest_pool(std::span<const double> row) const {
  // Most of the time of a decision is spent here: four chains of comparisons do not wait for each other.
  std::array<double, 4> least{never, never, never, never};
  std::size_t pool = 0;
  for (; pool + 4 <= row.size(); pool += 4)
    for (std::size_t i = 0; i < 4; ++i)
      least[i] = std::min(least[i], free_at_[pool + i] + row[pool + i]);
  for (; pool < row.size(); ++pool)
    least[0] = std::min(least[0], free_at_[pool] + row[pool]);
  const double first = std::min(std::min(least[0], least[1]), std::min(least[2], least[3]));
  for (pool = 0; free_at_[pool] + row[pool] != first;)
    ++pool;
  return static_cast<std::uint32_t>(pool);
}

double late_round::start_in(const online_state& state, task_key key, std::uint32_t pool) {
  const std::uint32_t node = state.on().pools()[pool].node;
  const double start = std::max(free_at_[pool], state.now() + state.transfer_seconds(key, node));
  if (!options_.promise_memory) return start;
  const std::uint64_t bytes = state.known(key.workflow).costs.memory_bytes(key.task);
  return std::max(start, memory_at(state, node, bytes));
}

late_round::place_found late_round::best_place(const online_state& state, task_key key) {
  const auto row = state.known(key.workflow).costs.row(key.task);
  const std::uint32_t nearest = nearest_pool(row);
  // Nothing can be better than what nothing delays.
  if (start_in(state, key, nearest) == free_at_[nearest])
    return {free_at_[nearest] + row[nearest], row[nearest], nearest, free_slot_[nearest]};
  place_found best;
  for (std::uint32_t pool = 0; pool < row.size(); ++pool) {
    if (row[pool] == never || free_at_[pool] + row[pool] >= best.finish) continue;
    const double finish = start_in(state, key, pool) + row[pool];
    if (finish < best.finish) best = {finish, row[pool], pool, free_slot_[pool]};
  }
  return best;
}

bool late_round::place(const online_state& state, assigner& out, task_key key, keeper* kept) {
  const place_found best = best_place(state, key);
  const std::uint32_t node = state.on().pools()[best.pool].node;
  const std::uint64_t bytes = state.known(key.workflow).costs.memory_bytes(key.task);
  const bool fits = state.slots()[best.slot].idle() && promised_seconds_[best.slot] == 0 &&
                    state.has_memory(node, bytes + memory_[node].promised);
  if (fits && kept != nullptr && !kept->allows(best.pool, best.seconds)) return false;
  if (fits) {
    out.assign(key, best.slot);
    memory_[node].known = false;
    if (kept != nullptr) kept->taken(best.pool, best.seconds);
  } else {
    promised_seconds_[best.slot] += best.seconds;
    if (options_.promise_memory) memory_[node].promised += bytes;
  }
  find_first_free(state, best.pool);
  return fits;
}

void force(const online_state& state, assigner& out, task_key key) {
  const auto row = state.known(key.workflow).costs.row(key.task);
  const auto least = std::min_element(row.begin(), row.end());
  out.assign(key, state.on().pools()[static_cast<std::size_t>(least - row.begin())].first_slot);
}

} // namespace troupe::scheduling
