#pragma once

#include "actors/workflow/condition_syntax.hpp"
#include "actors/workflow/definition.hpp"
#include "actors/workflow/references.hpp"
#include "actors/workflow/source_map.hpp"

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace troupe::workflow {

/// Checks a definition and makes its plain form, in passes over all steps: names and agents, then
/// references and the graph, then types in the order of the graph. A mistake of one pass silences
/// the later ones about the same thing only.
class compiler {
public:
  /// The definitions that steps may name, checked before; nullptr for one in which a mistake was found.
  using child_definitions = std::map<std::string, definition_ptr>;

  /// @param children outlives the compiler.
  compiler(const v1::WorkflowDefinition& source, const agent_types* agents, findings& found,
           const child_definitions& children);

  /// @returns nullptr when anything was found, before or now.
  [[nodiscard]] definition_ptr compile();

private:
  using visitor = std::function<void(const std::string& path, const std::string& text)>;

  /// Where a step's call of an agent stands: in the step, or in its compensation.
  [[nodiscard]] std::string place_of(const v1::StepDefinition& from) const {
    return "steps." + from.id() + within_;
  }
  void report(const std::string& path, std::string message, bool at_key = false,
              std::optional<std::size_t> offset = {});

  // compile_names.cpp: header, inputs, ids, agents, policies
  void check_header();
  void check_deadline();
  void check_inputs();
  void check_input(const v1::InputDeclaration& from, std::size_t position);
  void check_step(const v1::StepDefinition& from);
  void check_agent(const v1::StepDefinition& from, step& made);

  // compile_waiting.cpp: steps that wait
  void check_kind(const v1::StepDefinition& from, step& made);
  void check_wait(const v1::StepDefinition& from, step& made);
  void check_signal(const v1::StepDefinition& from, step& made);
  void check_default(const v1::StepDefinition& from, step& made);

  // compile_failure.cpp: what comes of a step that failed for good
  void check_on_failure(const v1::StepDefinition& from, step& made);
  [[nodiscard]] message_ptr check_reply(const google::protobuf::Struct& from, const step& made,
                                        const std::string& path, const char* what);

  // compile_compensation.cpp: what undoes a step
  void check_compensation(const v1::StepDefinition& from, step& made);
  void check_compensation_types(std::size_t at);

  // compile_child.cpp: steps that are runs of their own
  void check_child(const v1::StepDefinition& from, step& made);
  void check_planned(const v1::StepDefinition& from, step& made);
  void check_child_inputs(std::size_t at);
  [[nodiscard]] std::optional<field_binding> check_child_input(std::size_t at,
                                                               const input_declaration& declared,
                                                               const google::protobuf::Value& from,
                                                               const std::string& path);
  void check_output();

  // compile_resources.cpp
  void check_resources(const v1::StepDefinition& from, step& made);
  void check_cost(const v1::StepDefinition& from, step& made);

  // compile_second.cpp: second attempts, and attempts that give their place up
  void check_speculation(const v1::StepDefinition& from, step& made);
  void check_preemptible(const v1::StepDefinition& from, step& made);

  // compile_placement.cpp
  void check_placement(const v1::StepDefinition& from, step& made);

  // compile_limits.cpp
  void check_limits(const v1::StepDefinition& from, step& made);
  void check_limit(const v1::KeyLimit& from, step& made, const std::string& path);
  void check_same_key(const v1::KeyLimit& from, const std::string& path);
  void check_limit_keys(std::size_t at);

  [[nodiscard]] const method* find_method(const v1::StepDefinition& from, const agent_type& type);
  void check_named_types(const v1::StepDefinition& from, step& made);
  void check_retry(const v1::StepDefinition& from, step& made);
  void check_timeouts(const v1::StepDefinition& from, step& made);

  // compile_graph.cpp: texts, references, cycles, order
  void collect_needs(std::size_t at);
  void parse_when(std::size_t at);
  void check_text(std::size_t at, const std::string& path, const std::string& text);
  void check_reference(std::size_t at, const std::string& path, const reference& from);
  void check_needs(std::size_t at);
  void find_cycles();
  void report_cycle(const std::vector<std::size_t>& members);
  [[nodiscard]] std::vector<std::size_t> order() const;

  // compile_types.cpp: fan-outs, types, expressions
  void check_types(std::size_t at);
  void check_for_each(std::size_t at);
  [[nodiscard]] std::optional<fan_out> make_fan_out(std::size_t at, const reference& from);
  [[nodiscard]] bool same_fan_out(std::size_t a, std::size_t b) const;
  void add_dependencies(std::size_t at);
  [[nodiscard]] object_expression check_object(std::size_t at, const google::protobuf::Struct& from,
                                               const google::protobuf::Descriptor& type,
                                               const std::string& path);
  [[nodiscard]] std::optional<expression>
  check_value(std::size_t at, const google::protobuf::Value& from,
              const google::protobuf::FieldDescriptor& field, bool element,
              const std::string& path);
  [[nodiscard]] std::optional<expression>
  check_literal(const scalar& literal, const google::protobuf::FieldDescriptor& field, bool element,
                const std::string& path);
  [[nodiscard]] std::optional<expression>
  check_string(std::size_t at, const std::string& text,
               const google::protobuf::FieldDescriptor& field, bool element,
               const std::string& path);
  [[nodiscard]] std::optional<expression> check_list(std::size_t at,
                                                     const google::protobuf::ListValue& from,
                                                     const google::protobuf::FieldDescriptor& field,
                                                     const std::string& path);
  [[nodiscard]] std::optional<expression> join_text(std::size_t at, const text_template& parsed,
                                                    const std::string& path);
  /// @returns nothing where the type is unknown: something about it was reported.
  [[nodiscard]] std::optional<value_reference> resolve(std::size_t at, const reference& from,
                                                       const std::string& path);
  [[nodiscard]] std::optional<value_type> root_type(std::size_t at, const reference& from,
                                                    value_reference& made) const;

  // compile_when.cpp: conditions
  /// A part of a condition, with what it gives.
  struct typed_condition {
    condition made;
    value_type type;
    /// As written, for messages.
    std::string text;
  };
  void check_when(std::size_t at);
  [[nodiscard]] std::optional<typed_condition> check_condition(std::size_t at,
                                                               const condition_syntax& from);
  [[nodiscard]] std::optional<typed_condition> check_leaf(std::size_t at,
                                                          const condition_syntax& from);
  [[nodiscard]] std::optional<typed_condition> check_logic(std::size_t at,
                                                           const condition_syntax& from);
  [[nodiscard]] std::optional<typed_condition> check_comparison(std::size_t at,
                                                                const condition_syntax& from);
  [[nodiscard]] bool fit_enumeration(const typed_condition& entry, typed_condition& text,
                                     const std::string& path, std::size_t offset);

  const v1::WorkflowDefinition& source_;
  /// ".compensate" while one is looked at.
  std::string within_;
  /// By step; nullptr where there is none.
  std::vector<std::shared_ptr<step>> compensations_;
  const agent_types* agents_;
  findings& found_;
  const child_definitions& children_;
  std::shared_ptr<definition> made_ = std::make_shared<definition>();
  std::vector<std::string> step_ids_;
  std::vector<std::string> input_names_;
  /// Steps that each step names, and how: by `needs`, or by a reference.
  std::vector<std::set<std::size_t>> named_;
  /// Of these, those of which a reference takes one reply.
  std::vector<std::set<std::size_t>> read_;
  /// By step; absent where there is none, or a malformed one.
  std::vector<std::optional<condition_syntax>> conditions_;
  /// The first limit of each key without references.
  std::map<std::string, const v1::KeyLimit*> fixed_keys_;
  /// Steps on a cycle: their types are not looked at.
  std::set<std::size_t> cyclic_;
};

/// Calls `visit` for every text in a request's fields, in order of their names.
void each_text(const google::protobuf::Struct& from, const std::string& path,
               const std::function<void(const std::string& path, const std::string& text)>& visit);

/// Whether it is what names of definitions, versions and signals may be: letters, digits, '.', '_' and '-', 128 at most.
[[nodiscard]] bool is_name(std::string_view text);

/// Names of a Struct's fields, sorted.
[[nodiscard]] std::vector<std::string> sorted_names(const google::protobuf::Struct& from);

} // namespace troupe::workflow
