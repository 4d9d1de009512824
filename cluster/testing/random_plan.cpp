#include "cluster/testing/fault_plan.hpp"

#include "actors/scheduling/random_numbers.hpp"

#include <algorithm>
#include <utility>

namespace troupe::cluster::testing {
namespace {

using scheduling::random_numbers;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;

/// In whole milliseconds, which are easier to read.
nanoseconds draw_time(random_numbers& random, nanoseconds end) {
  const auto most = std::chrono::duration_cast<milliseconds>(end).count();
  return milliseconds{most > 0 ? random.below(static_cast<std::size_t>(most)) : 0};
}

link_shape draw_shape(random_numbers& random) {
  link_shape shape;
  shape.latency.how = static_cast<latency_model::kind>(random.below(3));
  shape.latency.least = milliseconds{1 + random.below(100)};
  shape.latency.most = shape.latency.how == latency_model::kind::fixed
                           ? shape.latency.least
                           : shape.latency.least * (2 + static_cast<int>(random.below(20)));
  if (random.chance(1, 2)) shape.bytes_per_second = 10'000 << random.below(8);
  if (random.chance(1, 4)) shape.loss_ppm = static_cast<std::uint32_t>(1 + random.below(50'000));
  return shape;
}

/// Splits the nodes in two parts, neither of them empty.
void draw_sides(random_numbers& random, std::vector<std::string> all, fault& into) {
  for (std::size_t i = all.size(); i > 1; --i)
    std::swap(all[i - 1], all[random.below(i)]);
  const auto part = all.begin() + static_cast<std::ptrdiff_t>(1 + random.below(all.size() - 1));
  into.nodes.assign(all.begin(), part);
  into.others.assign(part, all.end());
  std::ranges::sort(into.nodes);
  std::ranges::sort(into.others);
}

bool has_two_sides(fault_kind kind) {
  return kind == fault_kind::partition || kind == fault_kind::cut || kind == fault_kind::slow;
}

std::vector<fault_kind> usable_kinds(const plan_options& options) {
  auto kinds = options.kinds;
  for (int kind = 0; options.kinds.empty() && kind <= static_cast<int>(fault_kind::slow); ++kind)
    kinds.push_back(static_cast<fault_kind>(kind));
  if (options.nodes.size() < 2) std::erase_if(kinds, has_two_sides);
  return kinds;
}

fault draw_fault(random_numbers& random, fault_kind kind, const plan_options& options) {
  fault drawn;
  drawn.kind = kind;
  drawn.at = draw_time(random, options.length);
  drawn.lasts = milliseconds{1} + draw_time(random, options.longest);
  if (has_two_sides(kind))
    draw_sides(random, options.nodes, drawn);
  else
    drawn.nodes = {options.nodes[random.below(options.nodes.size())]};
  if (kind == fault_kind::slow) drawn.shape = draw_shape(random);
  if (kind == fault_kind::skew)
    drawn.offset = draw_time(random, std::chrono::seconds{20}) - std::chrono::seconds{10};
  if (kind == fault_kind::drift)
    drawn.ppm = static_cast<std::int32_t>(random.below(200'001)) - 100'000;
  if (kind == fault_kind::refuse)
    drawn.ppm = static_cast<std::int32_t>(100'000 * (1 + random.below(10)));
  return drawn;
}

} // namespace

fault_plan random_plan(std::uint64_t seed, const plan_options& options) {
  fault_plan plan{seed, {}};
  const auto kinds = usable_kinds(options);
  if (options.nodes.empty() || kinds.empty()) return plan;
  random_numbers random{seed};
  for (auto left = random.below(options.faults + 1); left > 0; --left)
    plan.faults.push_back(draw_fault(random, kinds[random.below(kinds.size())], options));
  std::ranges::stable_sort(plan.faults, {}, &fault::at);
  return plan;
}

} // namespace troupe::cluster::testing
