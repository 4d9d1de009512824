#include "actors/scheduling/learning/cost_book.hpp"

#include "kernels/text/utf8.hpp"

#include <algorithm>
#include <array>
#include <vector>

namespace troupe::scheduling {
namespace {

/// Where nothing is known and nothing declared.
constexpr double assumed_seconds = 1;
/// How much longer than declared an attempt may take in one of twenty cases.
constexpr double declared_spread = 3;

run_time_estimate estimate_of(const run_time_model& model, std::optional<std::uint64_t> bytes,
                              estimate_source source) {
  return {model.mean(bytes), model.quantile(0.5, bytes), model.quantile(0.95, bytes),
          model.known().weight, source};
}

/// A name as a file can keep it.
std::string cut(const std::string& name) {
  std::string made = text::repair_utf8(name).text;
  if (made.size() <= cost_book::most_name_bytes) return made;
  std::size_t end = cost_book::most_name_bytes;
  while ((static_cast<unsigned char>(made[end]) & 0xC0U) == 0x80U)
    --end;
  made.resize(end);
  return made;
}

} // namespace

std::string_view name_of(estimate_source source) {
  static constexpr std::array<std::string_view, 5> names{"step", "agent", "declared", "other_nodes",
                                                         "assumed"};
  return names[static_cast<std::size_t>(source)];
}

void cost_book::observe(const cost_key& of, double seconds, std::uint64_t bytes) {
  ++last_;
  const std::string agent = cut(of.agent_type), node = cut(of.node_class), step = cut(of.step);
  if (!step.empty()) note({agent, node, step}, seconds, bytes);
  note({agent, node, {}}, seconds, bytes);
  if (!node.empty()) note({agent, {}, {}}, seconds, bytes);
}

void cost_book::note(cost_key key, double seconds, std::uint64_t bytes) {
  auto found = entries_.find(key);
  if (found == entries_.end()) {
    if (entries_.size() >= most_entries) make_room();
    found = entries_.emplace(std::move(key), entry{}).first;
  }
  found->second.model.observe(seconds, bytes);
  found->second.last = last_;
}

/// Takes time in the number of entries; so a quarter goes at once.
void cost_book::make_room() {
  std::vector<std::uint64_t> ages;
  for (const auto& [key, each] : entries_)
    ages.push_back(each.last);
  const auto quarter = ages.begin() + static_cast<std::ptrdiff_t>(ages.size() / 4);
  std::nth_element(ages.begin(), quarter, ages.end());
  const std::uint64_t oldest = *quarter;
  std::erase_if(entries_, [&](const auto& each) { return each.second.last <= oldest; });
}

const run_time_model* cost_book::find(const cost_key& key, double least_weight) const {
  const auto found = entries_.find(key);
  if (found == entries_.end() || found->second.model.known().weight < least_weight) return nullptr;
  return &found->second.model;
}

run_time_estimate cost_book::estimate(const cost_key& of, std::optional<std::uint64_t> bytes,
                                      std::optional<double> declared) const {
  const std::string agent = cut(of.agent_type), node = cut(of.node_class);
  if (const auto* known = find({agent, node, cut(of.step)}, enough))
    return estimate_of(*known, bytes, estimate_source::step);
  // Of one's own step few measurements are better than many of other steps, but worse than what its author says.
  if (declared)
    return {*declared, *declared, *declared * declared_spread, 0, estimate_source::declared};
  if (const auto* known = find({agent, node, cut(of.step)}, 0))
    return estimate_of(*known, bytes, estimate_source::step);
  if (const auto* known = find({agent, node, {}}, 0))
    return estimate_of(*known, bytes, estimate_source::agent);
  if (const auto* known = find({agent, {}, {}}, 0))
    return estimate_of(*known, bytes, estimate_source::other_nodes);
  return {assumed_seconds, assumed_seconds, assumed_seconds * declared_spread, 0,
          estimate_source::assumed};
}

bool cost_book::insert(cost_key key, const entry& known) {
  if (entries_.size() >= most_entries) return false;
  last_ = std::max(last_, known.last);
  return entries_.emplace(std::move(key), known).second;
}

} // namespace troupe::scheduling
