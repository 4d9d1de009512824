#include "actors/scheduling/online/online_state.hpp"

#include <algorithm>

namespace troupe::scheduling {

online_state::online_state(const cluster& on)
    : on_{on}, slots_(on.slot_count()), used_(on.nodes().size()),
      claimed_(on.nodes().size()), idle_{on.slot_count()} {
  for (const slot_pool& pool : on.pools())
    idle_in_pool_.push_back(pool.count);
}

double online_state::transfer_seconds(task_key key, std::uint32_t node) const {
  const workflow_state& of = workflows_[key.workflow];
  double longest = 0;
  for (const neighbour& from : of.known->graph.predecessors(key.task))
    longest = std::max(longest, on_.transfer_seconds(from.bytes, of.node[from.task], node));
  return longest;
}

void online_state::arrive(std::uint32_t workflow, std::shared_ptr<const known_workflow> known,
                          std::vector<task_key>& ready) {
  if (workflow >= workflows_.size()) workflows_.resize(workflow + 1);
  workflow_state& made = workflows_[workflow];
  const task_graph& graph = known->graph;
  made.arrival = now_;
  made.remaining = known->least_seconds;
  made.unfinished = graph.size();
  made.node.resize(graph.size());
  for (std::uint32_t task = 0; task < graph.size(); ++task) {
    made.left.push_back(static_cast<std::uint32_t>(graph.predecessors(task).size()));
    if (made.left.back() == 0) ready.push_back({workflow, task});
  }
  made.known = std::move(known);
}

void online_state::set_idle(std::uint32_t slot, bool was) {
  const bool is = slots_[slot].idle();
  if (is == was) return;
  const std::uint32_t pool = on_.pool_of(slot);
  if (is) {
    ++idle_;
    ++idle_in_pool_[pool];
  } else {
    --idle_;
    --idle_in_pool_[pool];
  }
}

void online_state::assign(task_key key, std::uint32_t slot) {
  slot_state& at = slots_[slot];
  const bool was = at.idle();
  const std::uint32_t node = on_.pool_at(slot).node;
  at.queue.push_back({key, now_ + transfer_seconds(key, node)});
  at.queued_seconds += seconds(key, slot);
  claimed_[node] += memory_of(key);
  ++placed_;
  set_idle(slot, was);
}

double online_state::head_data_at(std::uint32_t slot) const {
  const slot_state& at = slots_[slot];
  if (at.busy || at.queue.empty()) return never;
  return at.queue.front().data_at;
}

bool online_state::head_fits(std::uint32_t slot) const {
  const std::uint32_t node = on_.pool_at(slot).node;
  return used_[node] + memory_of(slots_[slot].queue.front().key) <= on_.nodes()[node].memory_bytes;
}

void online_state::start(std::uint32_t slot) {
  slot_state& at = slots_[slot];
  const task_key key = at.queue.front().key;
  const std::uint32_t node = on_.pool_at(slot).node;
  at.queue.pop_front();
  at.queued_seconds = 0;
  for (const queued_task& waiting : at.queue)
    at.queued_seconds += seconds(waiting.key, slot);
  at.busy = true;
  at.running = key;
  at.started = now_;
  at.expected_end = now_ + seconds(key, slot);
  workflows_[key.workflow].node[key.task] = node;
  used_[node] += memory_of(key);
}

void online_state::finish(std::uint32_t slot, std::vector<task_key>& ready) {
  slot_state& at = slots_[slot];
  const bool was = at.idle();
  const auto [workflow, task] = at.running;
  const std::uint32_t node = on_.pool_at(slot).node;
  workflow_state& of = workflows_[workflow];
  at.busy = false;
  used_[node] -= memory_of(at.running);
  claimed_[node] -= memory_of(at.running);
  --placed_;
  of.remaining -= of.known->costs.least_seconds(task);
  of.attained += now_ - at.started;
  --of.unfinished;
  set_idle(slot, was);
  for (const neighbour& next : of.known->graph.successors(task))
    if (--of.left[next.task] == 0) ready.push_back({workflow, next.task});
}

} // namespace troupe::scheduling
