#include "actors/scheduling/resources/resource_text.hpp"
#include "actors/workflow/engine_flight.hpp"
#include "actors/workflow/live/node_snapshot.hpp"

#include <algorithm>
#include <map>

// What is at work and what waits, for whoever looks from outside. Bounded, however much there is: it is made on the core's
// thread, which has other things to do.
namespace troupe::workflow {
namespace {

/// Those that wait longest may be stale, so some more are looked at.
constexpr std::size_t longest_waiting = 2 * snapshot_bounds::attempts;

const char* name_of_cause(waiting_reason::cause why) {
  switch (why) {
  case waiting_reason::cause::commit:
    return "commit";
  case waiting_reason::cause::slot:
    return "slot";
  case waiting_reason::cause::resources:
    return "resources";
  case waiting_reason::cause::reserved:
    return "reserved";
  case waiting_reason::cause::limit_concurrency:
    return "limit_concurrency";
  case waiting_reason::cause::limit_rate:
    return "limit_rate";
  case waiting_reason::cause::uncommitted:
    return "uncommitted";
  case waiting_reason::cause::no_node:
    return "no_node";
  case waiting_reason::cause::nodes_away:
    return "nodes_away";
  case waiting_reason::cause::too_large:
    return "too_large";
  }
  return "unknown";
}

node_snapshot::attempt shown_attempt(const std::string& run_id, const attempt_id& of,
                                     time_point since) {
  return {
      run_id, of.instance.step, of.instance.index, of.attempt, of.instance.compensation, since, {},
      {}};
}

/// Keeps the first of each kind by time.
template <class T>
void keep_oldest(std::vector<std::pair<time_point, T>>& all, std::size_t most) {
  const auto end = all.begin() + static_cast<std::ptrdiff_t>(std::min(all.size(), most));
  std::partial_sort(all.begin(), end, all.end(),
                    [](const auto& a, const auto& b) { return a.first < b.first; });
  all.erase(end, all.end());
}

struct event_counter {
  node_snapshot::counters& into;
  void operator()(const run_started&) const { ++into.runs_begun; }
  void operator()(const run_recovered&) const { ++into.runs_taken_over; }
  void operator()(const run_completed&) const { ++into.runs_completed; }
  void operator()(const run_failed&) const { ++into.runs_failed; }
  void operator()(const run_cancelled&) const { ++into.runs_cancelled; }
  void operator()(const step_completed&) const { ++into.steps_completed; }
  void operator()(const timer_fired&) const { ++into.steps_completed; }
  void operator()(const step_failed&) const { ++into.attempts_failed; }
  template <class Other>
  void operator()(const Other&) const {}
};

} // namespace

void count_event(const event& happened, node_snapshot::counters& into) {
  ++into.events;
  std::visit(event_counter{into}, happened.what);
}

node_snapshot engine_core::snapshot() const {
  node_snapshot made;
  made.owner = around_.history.owner();
  made.node_class = around_.options.node_class;
  made.policy = around_.options.policy;
  made.began = began_;
  made.taken = around_.now();
  made.runs = runs_.size();
  made.in_flight = in_flight_;
  made.places = several_ ? pool_.places() : around_.options.max_attempts_in_flight;
  made.last_commit = last_commit_took_;
  made.counted = counted_;
  for (const auto& [name, amount] : scheduling::amounts_of(pool_.capacity())) {
    std::uint64_t free = 0;
    for (const auto& [number, each] : pool_.nodes())
      free += scheduling::amount_of(each->books.free(), name);
    made.resources.push_back({name, amount, amount - std::min(amount, free)});
  }
  show_waiting(made);
  show_at_work(made);
  show_keys(made);
  return made;
}

void engine_core::show_waiting(node_snapshot& into) const {
  std::size_t uncommitted = 0;
  for (const handed_over& part : handed_)
    uncommitted += part.what.to_start.size();
  into.queues.push_back({"commit", uncommitted});
  using place = waiting_attempts::const_iterator;
  std::vector<std::pair<time_point, place>> oldest;
  for (const auto& [name, queue] :
       {std::pair{"slot", &waiting_}, std::pair{"resources", &demanding_},
        std::pair{"limit", &parked_}, std::pair{"uncommitted", &held_}}) {
    node_snapshot::queue shown{name, queue->size()};
    std::size_t looked_at = 0;
    for (auto each = queue->begin(); each != queue->end() && looked_at < snapshot_bounds::looked_at;
         ++each, ++looked_at) {
      const time_point since = each->second.wanted.scheduled;
      if (!shown.oldest || since < *shown.oldest) shown.oldest = since;
      oldest.emplace_back(since, each);
    }
    into.queues.push_back(std::move(shown));
  }
  keep_oldest(oldest, longest_waiting);
  for (const auto& [since, each] : oldest) {
    if (into.waiting.size() == snapshot_bounds::attempts) break;
    const started_attempt& wanted = each->second.wanted;
    if (is_stale(wanted)) continue;
    const waiting_reason why = reason_of(each->first, wanted);
    auto& shown = into.waiting.emplace_back(shown_attempt(wanted.run_id, wanted.attempt, since));
    shown.what = name_of_cause(why.why);
    shown.detail = to_string(why);
  }
}

/// Attempts that agents have are found by their deadlines.
void engine_core::show_at_work(node_snapshot& into) const {
  std::map<std::string, std::size_t> by_tenant;
  std::vector<std::pair<time_point, const flight*>> oldest;
  std::size_t looked_at = 0;
  for (auto each = timers_.begin(); each != timers_.end() && looked_at < snapshot_bounds::looked_at;
       ++each, ++looked_at) {
    const auto* late = std::get_if<deadline_timer>(&each->second);
    if (!late || !late->late->has_place) continue;
    oldest.emplace_back(late->late->timing.started, late->late.get());
    if (const auto run = runs_.find(late->late->run_id); run != runs_.end())
      ++by_tenant[run->second.state.tenant()];
  }
  keep_oldest(oldest, snapshot_bounds::attempts);
  for (const auto& [since, each] : oldest) {
    auto& shown = into.at_work.emplace_back(shown_attempt(each->run_id, each->attempt, since));
    const auto run = runs_.find(each->run_id);
    // Its agent is at work on what nobody wants any more.
    if (run == runs_.end() || run->second.epoch != each->epoch) continue;
    const step& of = run->second.state.definition_of(each->attempt.instance);
    shown.what = of.agent.to_string();
    if (!of.demand.empty()) shown.detail = scheduling::format_resources(of.demand);
    if (!each->timing.node.empty())
      shown.detail += (shown.detail.empty() ? "on " : " on ") + each->timing.node;
  }
  show_tenants(into, by_tenant);
}

void engine_core::show_tenants(node_snapshot& into,
                               const std::map<std::string, std::size_t>& in_flight) const {
  std::map<std::string, node_snapshot::tenant> all;
  for (const auto& [name, count] : in_flight)
    all[name] = {name, shares_.weight_of(name), count, 0};
  for (const auto& [name, weight, waiting] : shares_.tenants()) {
    if (waiting == 0 && !in_flight.contains(name)) continue;
    auto& shown = all[name];
    shown.name = name;
    shown.weight = weight;
    shown.waiting = waiting;
  }
  into.tenants_known = all.size();
  for (auto& [name, each] : all)
    into.tenants.push_back(std::move(each));
  std::ranges::stable_sort(into.tenants, [](const auto& a, const auto& b) {
    return a.waiting + a.in_flight > b.waiting + b.in_flight;
  });
  if (into.tenants.size() > snapshot_bounds::tenants) into.tenants.resize(snapshot_bounds::tenants);
}

void engine_core::show_keys(node_snapshot& into) const {
  into.keys_known = limits_.keys();
  for (auto& [name, held, waiting, full] :
       limits_.busiest(snapshot_bounds::keys, snapshot_bounds::looked_at, around_.now()))
    into.keys.push_back({std::move(name), held, waiting, full});
}

} // namespace troupe::workflow
