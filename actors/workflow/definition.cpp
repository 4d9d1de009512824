#include "actors/workflow/definition.hpp"

#include "actors/workflow/compiler.hpp"

#include <fmt/format.h>
#include <map>
#include <unordered_set>

namespace troupe::workflow {
namespace {

/// Histories must be readable where the agents are not known.
void name_types(v1::WorkflowDefinition& source, const definition& checked) {
  for (std::size_t i = 0; i < checked.steps.size(); ++i) {
    v1::StepDefinition& into = *source.mutable_steps(static_cast<int>(i));
    if (checked.steps[i].request) into.set_request_type(checked.steps[i].request->full_name());
    into.set_reply_type(checked.steps[i].reply->full_name());
    if (!checked.steps[i].compensate) continue;
    into.mutable_compensate()->set_request_type(checked.steps[i].compensate->request->full_name());
    into.mutable_compensate()->set_reply_type(checked.steps[i].compensate->reply->full_name());
  }
}

/// Puts the definitions that steps name into the source, whole: a run needs no other.
/// @returns whether all of them are good; what is wrong with one was said.
bool name_children(v1::WorkflowDefinition& source, const definition& checked) {
  std::map<std::string, definition_ptr> named;
  for (const step& each : checked.steps) {
    if (each.kind != step_kind::child) continue;
    if (each.plan) continue;
    if (!each.child) return false;
    named.emplace(each.child->name, each.child);
  }
  source.clear_workflows();
  for (const auto& [name, child] : named)
    *source.add_workflows() = child->source;
  return true;
}

} // namespace

compiler::compiler(const v1::WorkflowDefinition& source, const agent_types* agents, findings& found,
                   const child_definitions& children)
    : source_(source), agents_(agents), found_(found), children_(children),
      named_(static_cast<std::size_t>(source.steps_size())), read_(named_.size()),
      conditions_(named_.size()) {}

void compiler::report(const std::string& path, std::string message, bool at_key,
                      std::optional<std::size_t> offset) {
  found_.push_back({path, std::move(message), at_key, offset});
}

definition_ptr compiler::compile() {
  check_header();
  check_inputs();
  if (source_.steps_size() > static_cast<int>(definition_limits::steps)) return nullptr;
  for (const v1::StepDefinition& from : source_.steps())
    check_step(from);
  for (std::size_t at = 0; at < named_.size(); ++at)
    collect_needs(at);
  find_cycles();
  for (const std::size_t at : order())
    check_types(at);
  check_output();
  if (!found_.empty()) return nullptr;
  made_->source = source_;
  if (!name_children(made_->source, *made_)) return nullptr;
  name_types(made_->source, *made_);
  made_->source_bytes = made_->source.SerializeAsString();
  return std::move(made_);
}

namespace {

/// Compiles definitions from the inside out.
class tree_compiler {
public:
  explicit tree_compiler(const agent_types* agents) : agents_(agents) {}

  definition_ptr compile(const v1::WorkflowDefinition& source, findings& found,
                         std::size_t level = 1) {
    findings own;
    compiler::child_definitions children;
    if (level == definition_limits::workflow_depth && source.workflows_size() > 0)
      own.push_back(
          {"workflows",
           fmt::format("definitions nest deeper than {} levels; put less into one another",
                       definition_limits::workflow_depth),
           true,
           {}});
    else
      compile_children(source, own, children, level);
    auto made = own.empty() ? compiler{source, agents_, own, children}.compile() : nullptr;
    found.insert(found.end(), own.begin(), own.end());
    return made;
  }

private:
  void compile_children(const v1::WorkflowDefinition& source, findings& found,
                        compiler::child_definitions& children, std::size_t level) {
    for (const v1::WorkflowDefinition& each : source.workflows()) {
      const std::string path = "workflows." + each.name();
      if (++count_ > definition_limits::workflows)
        return found.push_back(
            {"workflows",
             fmt::format("more than {} definitions within one another; split them",
                         definition_limits::workflows),
             true,
             {}});
      findings inner;
      if (!children.emplace(each.name(), compile(each, inner, level + 1)).second)
        found.push_back({path, fmt::format("workflow '{}' is there twice", each.name()), true, {}});
      for (finding& one : inner)
        one.path = path + '.' + one.path, found.push_back(std::move(one));
    }
  }

  const agent_types* agents_;
  std::size_t count_ = 0;
};

} // namespace

std::vector<const definition*> definitions_in(const definition& outermost) {
  std::vector<const definition*> made{&outermost};
  std::unordered_set<const definition*> seen{&outermost};
  for (std::size_t i = 0; i < made.size(); ++i)
    for (const step& each : made[i]->steps)
      if (each.child && seen.insert(each.child.get()).second) made.push_back(each.child.get());
  return made;
}

definition_result compile_definition(const v1::WorkflowDefinition& source,
                                     const agent_types* agents) {
  findings found;
  if (source.name().empty())
    found.push_back({"name", "the definition has no name; give it one", false, {}});
  auto made = tree_compiler{agents}.compile(source, found);
  if (made && found.empty()) return made;
  return tl::unexpected(to_diagnostics(found, nullptr));
}

} // namespace troupe::workflow
