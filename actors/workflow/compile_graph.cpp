#include "actors/workflow/compiler.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <queue>

namespace troupe::workflow {
namespace {

void each_text_in(const google::protobuf::Value& from, const std::string& path,
                  const std::function<void(const std::string&, const std::string&)>& visit) {
  if (from.has_string_value()) visit(path, from.string_value());
  if (from.has_struct_value()) each_text(from.struct_value(), path, visit);
  if (from.has_list_value())
    for (int i = 0; i < from.list_value().values_size(); ++i)
      each_text_in(from.list_value().values(i), fmt::format("{}[{}]", path, i), visit);
}

/// Tarjan's strongly connected components; a definition's thousand steps bound the recursion.
class component_finder {
public:
  explicit component_finder(const std::vector<std::set<std::size_t>>& edges)
      : edges_(edges), number_(edges.size()), low_(edges.size()), on_stack_(edges.size()) {}

  std::vector<std::vector<std::size_t>> find() {
    for (std::size_t at = 0; at < edges_.size(); ++at)
      if (number_[at] == 0) visit(at);
    return std::move(components_);
  }

private:
  void visit(std::size_t at) {
    number_[at] = low_[at] = ++last_;
    stack_.push_back(at);
    on_stack_[at] = true;
    for (const std::size_t next : edges_[at]) {
      if (number_[next] == 0) visit(next);
      if (on_stack_[next]) low_[at] = std::min(low_[at], low_[next]);
    }
    if (low_[at] == number_[at]) take_component(at);
  }

  void take_component(std::size_t root) {
    std::vector<std::size_t> members;
    do {
      members.push_back(stack_.back());
      on_stack_[members.back()] = false;
      stack_.pop_back();
    } while (members.back() != root);
    if (members.size() > 1) components_.push_back(std::move(members));
  }

  const std::vector<std::set<std::size_t>>& edges_;
  std::vector<std::size_t> number_;
  std::vector<std::size_t> low_;
  std::vector<char> on_stack_;
  std::vector<std::size_t> stack_;
  std::vector<std::vector<std::size_t>> components_;
  std::size_t last_ = 0;
};

/// A shortest way from `start` through `members` back to `start`.
std::vector<std::size_t> shortest_cycle(std::size_t start, const std::set<std::size_t>& members,
                                        const std::vector<std::set<std::size_t>>& edges) {
  std::vector<std::size_t> came_from(edges.size(), edges.size());
  std::queue<std::size_t> waiting;
  waiting.push(start);
  while (!waiting.empty()) {
    const std::size_t at = waiting.front();
    waiting.pop();
    for (const std::size_t next : edges[at]) {
      if (!members.contains(next) || came_from[next] != edges.size()) continue;
      came_from[next] = at;
      if (next != start) {
        waiting.push(next);
        continue;
      }
      std::vector<std::size_t> way{start};
      for (std::size_t back = at; back != start; back = came_from[back])
        way.push_back(back);
      way.push_back(start);
      std::reverse(way.begin(), way.end());
      return way;
    }
  }
  return {};
}

} // namespace

std::vector<std::string> sorted_names(const google::protobuf::Struct& from) {
  std::vector<std::string> names;
  for (const auto& [name, value] : from.fields())
    names.push_back(name);
  std::sort(names.begin(), names.end());
  return names;
}

void each_text(const google::protobuf::Struct& from, const std::string& path,
               const std::function<void(const std::string&, const std::string&)>& visit) {
  for (const std::string& name : sorted_names(from))
    each_text_in(from.fields().at(name), fmt::format("{}.{}", path, name), visit);
}

void compiler::collect_needs(std::size_t at) {
  const v1::StepDefinition& from = source_.steps(static_cast<int>(at));
  const std::string path = "steps." + from.id();
  if (!from.for_each().empty()) check_text(at, path + ".for_each", from.for_each());
  if (!from.plan().empty()) check_text(at, path + ".workflow", from.plan());
  each_text(from.input(), path + ".input", [&](const std::string& where, const std::string& text) {
    check_text(at, where, text);
  });
  for (int i = 0; i < from.limits_size(); ++i)
    check_text(at, fmt::format("{}.limits[{}].key", path, i), from.limits(i).key());
  parse_when(at);
  within_ = ".compensate";
  each_text(
      from.compensate().input(), path + ".compensate.input",
      [&](const std::string& where, const std::string& text) { check_text(at, where, text); });
  within_.clear();
  check_needs(at);
}

void compiler::parse_when(std::size_t at) {
  const v1::StepDefinition& from = source_.steps(static_cast<int>(at));
  if (from.when().empty()) return;
  const std::string path = "steps." + from.id() + ".when";
  auto parsed = parse_condition(from.when());
  if (!parsed) return report(path, parsed.error().message, false, parsed.error().offset);
  each_reference(*parsed, [&](const reference& used) { check_reference(at, path, used); });
  conditions_[at] = std::move(*parsed);
}

void compiler::check_text(std::size_t at, const std::string& path, const std::string& text) {
  const auto parsed = parse_text(text);
  if (!parsed) {
    for (const reference_mistake& mistake : parsed.error())
      report(path, mistake.message, false, mistake.offset);
    return;
  }
  for (const auto& part : parsed->parts)
    if (const auto* from = std::get_if<reference>(&part)) check_reference(at, path, *from);
}

void compiler::check_reference(std::size_t at, const std::string& path, const reference& from) {
  const v1::StepDefinition& user = source_.steps(static_cast<int>(at));
  const auto complain = [&](std::string message) {
    report(path, std::move(message), false, from.offset);
  };
  switch (from.root) {
  case reference_root::input:
    if (std::find(input_names_.begin(), input_names_.end(), from.name) == input_names_.end())
      complain(fmt::format("unknown input '{}'{}", from.name,
                           input_names_.empty() ? "; declare it under 'inputs:'"
                                                : suggestion(from.name, input_names_)));
    return;
  case reference_root::step: {
    const auto found = made_->step_index.find(from.name);
    if (found == made_->step_index.end())
      complain(fmt::format("unknown step '{}'{}", from.name, suggestion(from.name, step_ids_)));
    else if (!within_.empty()) {
      if (found->second != at)
        complain(fmt::format("a compensation reads no step but its own, '{}'; refer to its reply, "
                             "to ${{item}}, or to an input",
                             step_ids_[at]));
    } else if (found->second == at)
      complain(fmt::format("step '{}' refers to itself; refer to another step, or to an input",
                           from.name));
    else
      named_[at].insert(found->second);
    return;
  }
  case reference_root::item:
  case reference_root::index:
    if (user.for_each().empty() || path.ends_with(".for_each"))
      complain(fmt::format("'${{{}}}' has a meaning only in the input or the condition of a step "
                           "with for_each; add for_each to the step, or refer to something else",
                           from.to_string()));
    return;
  case reference_root::run:
    return;
  }
}

void compiler::check_needs(std::size_t at) {
  const v1::StepDefinition& from = source_.steps(static_cast<int>(at));
  for (int i = 0; i < from.needs_size(); ++i) {
    const std::string path = fmt::format("steps.{}.needs[{}]", from.id(), i);
    const auto found = made_->step_index.find(from.needs(i));
    if (found == made_->step_index.end())
      report(path, fmt::format("unknown step '{}'{}", from.needs(i),
                               suggestion(from.needs(i), step_ids_)));
    else if (found->second == at)
      report(path, fmt::format("step '{}' needs itself; remove it from its needs", from.id()));
    else
      named_[at].insert(found->second);
  }
}

void compiler::find_cycles() {
  auto components = component_finder{named_}.find();
  for (auto& members : components) {
    std::sort(members.begin(), members.end());
    cyclic_.insert(members.begin(), members.end());
    report_cycle(members);
  }
}

void compiler::report_cycle(const std::vector<std::size_t>& members) {
  const auto way = shortest_cycle(members.front(), {members.begin(), members.end()}, named_);
  std::vector<std::string> names;
  names.reserve(way.size());
  for (const std::size_t at : way)
    names.push_back(step_ids_[at]);
  report(
      "steps." + step_ids_[members.front()],
      fmt::format("steps need each other in a circle: {}; remove one of these needs or references",
                  fmt::join(names, " -> ")),
      true);
}

std::vector<std::size_t> compiler::order() const {
  std::vector<std::size_t> done;
  std::vector<char> seen(named_.size());
  // Depth first, by hand: needs before the step itself.
  std::vector<std::pair<std::size_t, bool>> open;
  for (std::size_t start = 0; start < named_.size(); ++start) {
    open.emplace_back(start, false);
    while (!open.empty()) {
      const auto [at, leaving] = open.back();
      open.pop_back();
      if (leaving) {
        done.push_back(at);
      } else if (!seen[at] && !cyclic_.contains(at)) {
        seen[at] = true;
        open.emplace_back(at, true);
        for (const std::size_t next : named_[at])
          open.emplace_back(next, false);
      }
    }
  }
  return done;
}

} // namespace troupe::workflow
