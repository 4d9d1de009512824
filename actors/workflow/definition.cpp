#include "actors/workflow/definition.hpp"

#include "actors/workflow/compiler.hpp"
#include "actors/workflow/definition_yaml.hpp"

#include <fmt/format.h>

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

} // namespace

compiler::compiler(const v1::WorkflowDefinition& source, const agent_types* agents, findings& found)
    : source_(source), agents_(agents), found_(found),
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
  if (!found_.empty()) return nullptr;
  made_->source = source_;
  name_types(made_->source, *made_);
  return std::move(made_);
}

definition_result load_definition(std::string_view yaml, const std::string& file_name,
                                  const agent_types& agents) {
  const auto tree = parse_yaml(yaml, file_name);
  if (!tree) return tl::unexpected(diagnostics{tree.error()});
  if (tree->what != yaml_node::kind::mapping)
    return tl::unexpected(
        diagnostics{{file_name,
                     tree->where,
                     {},
                     fmt::format("a definition is a mapping with name and steps, this is {}; begin "
                                 "it with 'name: NAME'",
                                 to_string(tree->what))}});
  source_map places{file_name, yaml};
  findings found;
  const v1::WorkflowDefinition source = read_definition(*tree, places, found);
  if (auto made = compiler{source, &agents, found}.compile()) return made;
  return tl::unexpected(to_diagnostics(found, &places));
}

definition_result compile_definition(const v1::WorkflowDefinition& source,
                                     const agent_types* agents) {
  findings found;
  if (source.name().empty())
    found.push_back({"name", "the definition has no name; give it one", false, {}});
  if (auto made = compiler{source, agents, found}.compile()) return made;
  return tl::unexpected(to_diagnostics(found, nullptr));
}

} // namespace troupe::workflow
