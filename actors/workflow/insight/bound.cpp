#include "actors/workflow/insight/bound.hpp"

#include <algorithm>

namespace troupe::workflow {
namespace {

/// The longest chain of useful work. Each instance began after all that it needs was closed, so no chain is longer than
/// the run was.
void find_critical_path(run_bound& into, const run_insight& of, const instance_graph& graph) {
  std::vector<duration> ends(graph.size());
  std::vector<std::optional<std::size_t>> before(graph.size());
  std::optional<std::size_t> last;
  graph.for_each([&](std::size_t a, std::size_t b) { return ends[a] < ends[b]; },
                 [&](std::size_t step, std::size_t index, std::optional<std::size_t> needed) {
                   const std::size_t at = graph.number_of(step, index);
                   const duration own = of.instances[at].useful();
                   before[at] = needed;
                   ends[at] = own + (needed ? ends[*needed] : duration{});
                   // The shortest of equally long chains: what took no time is not on it.
                   if (own > duration{} && (!last || ends[at] > ends[*last])) last = at;
                 });
  if (!last) return;
  into.critical_path = ends[*last];
  for (auto at = last; at; at = before[*at])
    if (of.instances[*at].useful() > duration{}) into.path.push_back(of.instances[*at].id);
  std::reverse(into.path.begin(), into.path.end());
}

/// The most that any of the hosts had: a run may have been taken over by a larger one.
std::optional<run_host> largest(const std::vector<std::optional<run_host>>& hosts) {
  run_host made;
  for (const auto& each : hosts) {
    if (!each || each->slots == 0) return std::nullopt;
    made.slots = std::max(made.slots, each->slots);
    for (const auto& [name, amount] : scheduling::amounts_of(each->resources))
      set_amount(made.resources, name,
                 std::max(amount, scheduling::amount_of(made.resources, name)));
  }
  return hosts.empty() ? std::nullopt : std::optional{std::move(made)};
}

/// Seconds that all of one resource is needed for; amounts times times do not fit whole numbers.
double seconds_of(const run_insight& of, std::string_view resource, std::uint64_t capacity) {
  double sum = 0;
  for (const instance_insight& each : of.instances) {
    const step& from = of.workflow->steps[each.step];
    if (from.kind != step_kind::agent) continue; // another run: it has a history of its own
    const double taken =
        resource.empty() ? 1.0 : static_cast<double>(scheduling::amount_of(from.demand, resource));
    sum += taken * std::chrono::duration<double>(each.useful()).count();
  }
  return sum / static_cast<double>(capacity);
}

void find_work(run_bound& into, const run_insight& of, const run_host& on) {
  const auto consider = [&](std::string name, double seconds) {
    // Rounded down: it has to stay a bound. What is above the makespan was never held at once: the history is wrong.
    const auto work = std::chrono::floor<duration>(std::chrono::duration<double>{
        std::min(seconds, std::chrono::duration<double>(of.makespan).count() * 2 + 1)});
    if (work > of.makespan || (into.work && work <= *into.work)) return;
    into.work = work;
    into.resource = std::move(name);
  };
  consider("places", seconds_of(of, {}, on.slots));
  for (const auto& [name, capacity] : scheduling::amounts_of(on.resources))
    consider(name, seconds_of(of, name, capacity));
}

/// Whether attempts had more than the hosts had: they ran on other nodes, too.
bool ran_elsewhere(const run_insight& of, const std::vector<std::optional<run_host>>& hosts) {
  const attempt_insight* first = nullptr;
  const auto is_elsewhere = [&](const attempt_insight& each) {
    if (!each.started) return false;
    if (!first) first = &each;
    return each.node != first->node || std::ranges::none_of(hosts, [&](const auto& host) {
             return host && host->node_class == each.node_class;
           });
  };
  return std::ranges::any_of(of.instances, [&](const instance_insight& each) {
    return std::ranges::any_of(each.attempts, is_elsewhere);
  });
}

} // namespace

run_bound bound_of(const run_insight& of, const instance_graph& graph,
                   const std::vector<std::optional<run_host>>& hosts) {
  run_bound made;
  find_critical_path(made, of, graph);
  if (const auto on = largest(hosts); on && !ran_elsewhere(of, hosts)) find_work(made, of, *on);
  if (made.work && *made.work > made.critical_path) made.binds = run_bound::kind::work;
  return made;
}

} // namespace troupe::workflow
