#include "actors/scheduling/online/late_round.hpp"

#include <algorithm>
#include <utility>

namespace troupe::scheduling {

void late_round::begin(const online_state& state) {
  promised_seconds_.assign(state.on().slot_count(), 0);
  first_.assign(state.on().pools().size(), {});
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

const late_round::free_slot& late_round::first_free(const online_state& state, std::uint32_t pool) {
  free_slot& found = first_[pool];
  if (found.known) return found;
  const slot_pool& of = state.on().pools()[pool];
  found = {never, of.first_slot, true};
  for (std::uint32_t slot = of.first_slot; slot < of.first_slot + of.count; ++slot)
    if (const double at = available(state, slot) + promised_seconds_[slot]; at < found.at) {
      found.at = at;
      found.slot = slot;
    }
  return found;
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

late_round::place_found late_round::best_place(const online_state& state, task_key key) {
  const cost_table& costs = state.known(key.workflow).costs;
  const auto row = costs.row(key.task);
  place_found best;
  for (std::uint32_t pool = 0; pool < row.size(); ++pool) {
    if (row[pool] == never) continue;
    const free_slot& free = first_free(state, pool);
    if (best.finish != never && free.at + row[pool] >= best.finish) continue;
    const std::uint32_t node = state.on().pools()[pool].node;
    double start = std::max(free.at, state.now() + state.transfer_seconds(key, node));
    if (options_.promise_memory)
      start = std::max(start, memory_at(state, node, costs.memory_bytes(key.task)));
    if (start + row[pool] < best.finish) best = {start + row[pool], row[pool], pool, free.slot};
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
  first_[best.pool].known = false;
  if (fits) {
    out.assign(key, best.slot);
    memory_[node].known = false;
    if (kept != nullptr) kept->taken(best.pool, best.seconds);
    return true;
  }
  promised_seconds_[best.slot] += best.seconds;
  if (options_.promise_memory) memory_[node].promised += bytes;
  return false;
}

void force(const online_state& state, assigner& out, task_key key) {
  const auto row = state.known(key.workflow).costs.row(key.task);
  const auto least = std::min_element(row.begin(), row.end());
  out.assign(key, state.on().pools()[static_cast<std::size_t>(least - row.begin())].first_slot);
}

} // namespace troupe::scheduling
