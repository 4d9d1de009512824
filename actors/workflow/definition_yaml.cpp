#include "actors/workflow/definition_yaml.hpp"

#include "actors/scheduling/limits/rate.hpp"
#include "actors/scheduling/resources/resource_text.hpp"
#include "actors/workflow/durations.hpp"
#include "actors/workflow/references.hpp"
#include "actors/workflow/yaml_mapping.hpp"

#include <charconv>
#include <cmath>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace troupe::workflow {
namespace {

/// Walks the document once, from the top.
class definition_reader {
public:
  definition_reader(source_map& places, findings& found) : shape_(places, found) {}

  written_definition read(const yaml_node& root) {
    written_definition made;
    read_parts(made.definition, root, "");
    if (made.definition.name().empty())
      shape_.report("", "the definition has no name; add 'name: NAME'");
    made.files = std::move(files_);
    return made;
  }

private:
  /// @param within where the definition stands: "" or "workflows.NAME".
  void read_parts(v1::WorkflowDefinition& made, const yaml_node& root, const std::string& within) {
    made.set_version("1");
    read_defaults(root, within);
    std::vector<std::string> keys{"version",  "description", "inputs",
                                  "defaults", "workflows",   "max_uncommitted",
                                  "steps",    "output",      "deadline"};
    if (within.empty()) keys.emplace_back("name");
    shape_.each_entry(root, within, keys,
                      [&](const std::string& key, const std::string& path, const yaml_node& value) {
                        read_part(made, key, path, value);
                      });
  }

  void read_part(v1::WorkflowDefinition& made, const std::string& key, const std::string& path,
                 const yaml_node& value) {
    if (key == "name") made.set_name(shape_.text(value, path));
    if (key == "version") made.set_version(shape_.text(value, path));
    if (key == "description") made.set_description(shape_.text(value, path));
    if (key == "max_uncommitted") made.set_max_uncommitted(whole_number(value, path));
    if (key == "output") made.set_output(shape_.text(value, path));
    if (key == "deadline")
      read_duration(made, &v1::WorkflowDefinition::mutable_deadline, value, path);
    if (key == "inputs")
      shape_.each_entry(
          value, path, {},
          [&](const std::string& name, const std::string& at, const yaml_node& input) {
            read_input(*made.add_inputs(), name, at, input);
          });
    if (key == "workflows")
      shape_.each_entry(
          value, path, {},
          [&](const std::string& name, const std::string& at, const yaml_node& inner) {
            read_workflow(*made.add_workflows(), name, at, inner);
          });
    if (key == "steps")
      shape_.each_entry(value, path, {},
                        [&](const std::string& id, const std::string& at, const yaml_node& step) {
                          read_step(*made.add_steps(), id, at, step);
                        });
  }

  /// One of the definitions within another, which has the defaults of that one where it has none.
  void read_workflow(v1::WorkflowDefinition& made, const std::string& name, const std::string& path,
                     const yaml_node& value) {
    const defaults around = defaults_;
    read_parts(made, value, path);
    made.set_name(name);
    defaults_ = around;
  }

  /// First, since steps may stand before them.
  void read_defaults(const yaml_node& root, const std::string& within) {
    const std::string path = within.empty() ? "defaults" : within + ".defaults";
    for (const auto& [key, value] : root.entries) {
      if (key.text != "defaults") continue;
      shape_.place(path, key.where, value);
      shape_.each_entry(value, path, {"retry", "timeouts"},
                        [&](const std::string& name, const std::string& at, const yaml_node& part) {
                          if (name == "retry") read_retry(defaults_.retry.emplace(), part, at);
                          if (name == "timeouts")
                            read_timeouts(defaults_.timeouts.emplace(), part, at);
                        });
      return;
    }
  }

  void read_input(v1::InputDeclaration& made, const std::string& name, const std::string& path,
                  const yaml_node& value) {
    made.set_name(name);
    made.set_type(v1::INPUT_TYPE_STRING);
    if (value.what == yaml_node::kind::scalar) return read_input_type(made, value, path);
    shape_.each_entry(value, path, {"type", "description", "default"},
                      [&](const std::string& key, const std::string& at, const yaml_node& part) {
                        if (key == "type") read_input_type(made, part, at);
                        if (key == "description") made.set_description(shape_.text(part, at));
                        if (key == "default") read_literal(*made.mutable_default_value(), part, at);
                      });
  }

  void read_input_type(v1::InputDeclaration& made, const yaml_node& value,
                       const std::string& path) {
    const std::string name = shape_.text(value, path);
    const std::vector<std::string> names{"string", "integer", "number", "boolean"};
    for (std::size_t i = 0; i < names.size(); ++i)
      if (names[i] == name) return made.set_type(static_cast<v1::InputType>(i + 1));
    if (!name.empty())
      shape_.report(path, fmt::format("unknown input type '{}'{}", name, suggestion(name, names)));
  }

  void read_step(v1::StepDefinition& made, const std::string& id, const std::string& path,
                 const yaml_node& value) {
    made.set_id(id);
    if (defaults_.retry) *made.mutable_retry() = *defaults_.retry;
    if (defaults_.timeouts) *made.mutable_timeouts() = *defaults_.timeouts;
    shape_.each_entry(value, path,
                      {"agent",       "request_type", "needs",      "for_each", "when",
                       "parallelism", "priority",     "resources",  "cost",     "input",
                       "retry",       "timeouts",     "wait",       "signal",   "reply_type",
                       "default",     "on_failure",   "compensate", "workflow", "limits",
                       "speculate",   "preemptible",  "placement"},
                      [&](const std::string& key, const std::string& at, const yaml_node& part) {
                        read_step_part(made, key, at, part);
                      });
  }

  void read_step_part(v1::StepDefinition& made, const std::string& key, const std::string& path,
                      const yaml_node& value) {
    if (key == "agent") made.set_agent(shape_.text(value, path));
    if (key == "request_type") made.set_request_type(shape_.text(value, path));
    if (key == "wait") read_duration(made, &v1::StepDefinition::mutable_wait, value, path);
    if (key == "signal") made.set_signal(shape_.text(value, path));
    if (key == "reply_type") made.set_reply_type(shape_.text(value, path));
    if (key == "default") read_object(*made.mutable_default_reply(), value, path);
    if (key == "workflow") read_workflow_name(made, value, path);
    if (key == "for_each") made.set_for_each(shape_.text(value, path));
    if (key == "when") read_condition(made, value, path);
    if (key == "parallelism") made.set_parallelism(whole_number(value, path));
    if (key == "priority")
      made.set_priority(
          shape_.whole_number(value, path, -highest_priority, highest_priority).value_or(0));
    if (key == "limits") read_limits(made, value, path);
    if (key == "resources") read_resources(*made.mutable_resources(), value, path);
    if (key == "cost") read_duration(made, &v1::StepDefinition::mutable_cost, value, path);
    if (key == "speculate") read_speculation(*made.mutable_speculate(), value, path);
    if (key == "preemptible") made.set_preemptible(truth(value, path));
    if (key == "placement") read_placement(*made.mutable_placement(), value, path);
    if (key == "needs") read_names(*made.mutable_needs(), value, path);
    if (key == "input") read_object(*made.mutable_input(), value, path);
    if (key == "retry") read_retry(*made.mutable_retry(), value, path);
    if (key == "timeouts") read_timeouts(*made.mutable_timeouts(), value, path);
    if (key == "compensate") read_compensation(*made.mutable_compensate(), value, path);
    if (key == "on_failure") read_on_failure(*made.mutable_on_failure(), value, path);
  }

  void read_workflow_name(v1::StepDefinition& made, const yaml_node& value,
                          const std::string& path) {
    if (value.what != yaml_node::kind::mapping) {
      std::string text = shape_.text(value, path);
      if (text.starts_with("${")) return made.set_plan(std::move(text));
      return made.set_workflow(std::move(text));
    }
    std::string file;
    shape_.each_entry(value, path, {"file"},
                      [&](const std::string&, const std::string& at, const yaml_node& part) {
                        file = shape_.text(part, at);
                      });
    if (file.empty()) return shape_.report(path, "no file is named; write { file: PATH }");
    // Its name is known once it is read.
    made.set_workflow(file);
    files_.emplace(path.substr(0, path.rfind('.')), std::move(file));
  }

  void read_compensation(v1::Compensation& made, const yaml_node& value, const std::string& path) {
    if (defaults_.retry) *made.mutable_retry() = *defaults_.retry;
    if (defaults_.timeouts) *made.mutable_timeouts() = *defaults_.timeouts;
    shape_.each_entry(value, path, {"agent", "request_type", "input", "retry", "timeouts"},
                      [&](const std::string& key, const std::string& at, const yaml_node& part) {
                        if (key == "agent") made.set_agent(shape_.text(part, at));
                        if (key == "request_type") made.set_request_type(shape_.text(part, at));
                        if (key == "input") read_object(*made.mutable_input(), part, at);
                        if (key == "retry") read_retry(*made.mutable_retry(), part, at);
                        if (key == "timeouts") read_timeouts(*made.mutable_timeouts(), part, at);
                      });
  }

  void read_on_failure(v1::OnFailure& made, const yaml_node& value, const std::string& path) {
    if (value.what == yaml_node::kind::mapping)
      return shape_.each_entry(
          value, path, {"reply"},
          [&](const std::string&, const std::string& at, const yaml_node& reply) {
            read_object(*made.mutable_reply(), reply, at);
          });
    const std::string word = shape_.text(value, path);
    if (word == "fail") return made.set_action(v1::FAILURE_ACTION_FAIL);
    if (word == "continue") return made.set_action(v1::FAILURE_ACTION_CONTINUE);
    if (!word.empty())
      shape_.report(path, fmt::format("unknown action '{}'; write fail, continue or {{ reply: {{ "
                                      "... }} }}",
                                      word.substr(0, 80)));
  }

  std::uint32_t whole_number(const yaml_node& value, const std::string& path) {
    return static_cast<std::uint32_t>(shape_.whole_number(value, path, 0, 1'000'000).value_or(0));
  }

  /// Any good name may be a resource: what this node has is asked when the run is submitted.
  void read_resources(v1::ResourceVector& made, const yaml_node& value, const std::string& path) {
    std::vector<std::string> known{"cpu", "gpu", "memory", "gpu_memory"};
    for (const auto& [key, amount] : value.entries)
      if (key.what == yaml_node::kind::scalar && scheduling::check_resource_name(key.text))
        known.push_back(key.text);
    shape_.each_entry(value, path, known,
                      [&](const std::string& name, const std::string& at, const yaml_node& part) {
                        read_amount(made, name, at, part);
                      });
  }

  void read_amount(v1::ResourceVector& made, const std::string& name, const std::string& path,
                   const yaml_node& value) {
    const std::string text = shape_.text(value, path);
    if (value.what != yaml_node::kind::scalar) return;
    const auto amount = scheduling::parse_amount(name, text);
    if (!amount) return shape_.report(path, amount.error());
    if (name == "cpu") return made.set_milli_cpu(*amount);
    if (name == "gpu") return made.set_gpu(*amount);
    if (name == "memory") return made.set_memory_bytes(*amount);
    if (name == "gpu_memory") return made.set_gpu_memory_bytes(*amount);
    v1::NamedAmount& custom = *made.add_custom();
    custom.set_name(name);
    custom.set_amount(*amount);
  }

  void read_limits(v1::StepDefinition& made, const yaml_node& value, const std::string& path) {
    shape_.each_element(value, path, [&](const std::string& at, const yaml_node& element) {
      v1::KeyLimit& limit = *made.add_limits();
      shape_.each_entry(element, at, {"key", "concurrency", "rate", "burst"},
                        [&](const std::string& key, const std::string& where,
                            const yaml_node& part) { read_limit(limit, key, where, part); });
    });
  }

  void read_limit(v1::KeyLimit& made, const std::string& key, const std::string& path,
                  const yaml_node& value) {
    const auto number = [&] {
      return static_cast<std::uint32_t>(shape_.whole_number(value, path, 1, 1'000'000).value_or(1));
    };
    if (key == "key") made.set_key(shape_.text(value, path));
    if (key == "concurrency") made.set_concurrency(number());
    if (key == "burst") made.set_burst(number());
    if (key == "rate") read_rate(made, value, path);
  }

  void read_rate(v1::KeyLimit& made, const yaml_node& value, const std::string& path) {
    const std::string text = shape_.text(value, path);
    // So that it is not said to bound nothing, too.
    made.set_rate(1);
    *made.mutable_per() = to_proto(std::chrono::seconds{1});
    if (text.empty()) return;
    const auto parts = scheduling::split_rate(text);
    if (!parts) return shape_.report(path, parts.error());
    const auto per = parse_duration(parts->per);
    if (!per) return shape_.report(path, per.error());
    made.set_rate(parts->count);
    *made.mutable_per() = to_proto(*per);
  }

  /// One that names a node says with that that it is pinned.
  void read_placement(v1::Placement& made, const yaml_node& value, const std::string& path) {
    bool said = false;
    shape_.each_entry(value, path, {"strategy", "node", "class"},
                      [&](const std::string& key, const std::string& at, const yaml_node& part) {
                        if (key == "node") made.set_node(shape_.text(part, at));
                        if (key == "class") made.set_node_class(shape_.text(part, at));
                        if (key != "strategy") return;
                        said = true;
                        read_strategy(made, shape_.text(part, at), at);
                      });
    if (!said && (!made.node().empty() || !made.node_class().empty()))
      made.set_strategy(v1::PLACEMENT_STRATEGY_PINNED);
  }

  void read_strategy(v1::Placement& made, const std::string& name, const std::string& path) {
    if (const auto found = scheduling::find_placement_strategy(name))
      return made.set_strategy(static_cast<v1::PlacementStrategy>(*found));
    const auto names = scheduling::placement_strategy_names();
    const std::vector<std::string> known(names.begin(), names.end());
    if (!name.empty())
      shape_.report(path,
                    fmt::format("unknown strategy '{}'{}; write one of {}", name.substr(0, 80),
                                suggestion(name, known), fmt::join(known, ", ")));
  }

  void read_speculation(v1::Speculation& made, const yaml_node& value, const std::string& path) {
    shape_.each_entry(value, path, {"after", "idempotent"},
                      [&](const std::string& key, const std::string& at, const yaml_node& part) {
                        if (key == "after") read_lateness(made, part, at);
                        if (key == "idempotent") made.set_idempotent(truth(part, at));
                      });
  }

  /// `2x` or `30s`.
  void read_lateness(v1::Speculation& made, const yaml_node& value, const std::string& path) {
    const std::string text = shape_.text(value, path);
    // So that it is not said to be missing, too.
    made.set_factor(1);
    if (text.empty()) return;
    if (text.back() == 'x') {
      const auto factor = parse_factor(text.substr(0, text.size() - 1));
      if (factor) return made.set_factor(*factor);
      return shape_.report(path, fmt::format("bad factor '{}'; write a number and an x, e.g. 1.5x",
                                             text.substr(0, 80)));
    }
    const auto length = parse_duration(text);
    if (!length)
      return shape_.report(path, length.error() + ", or how many times as long as usual, e.g. 2x");
    made.clear_factor();
    *made.mutable_after() = to_proto(*length);
  }

  static std::optional<double> parse_factor(const std::string& text) {
    double made = 0;
    const char* const end = text.data() + text.size();
    const auto [read, why] = std::from_chars(text.data(), end, made, std::chars_format::fixed);
    if (why != std::errc{} || read != end || !std::isfinite(made)) return std::nullopt;
    return made;
  }

  bool truth(const yaml_node& value, const std::string& path) {
    const auto literal = value.what == yaml_node::kind::scalar ? literal_of(value) : std::nullopt;
    if (literal && literal->kind_case() == google::protobuf::Value::kBoolValue)
      return literal->bool_value();
    shape_.report(path, "write true or false");
    return false;
  }

  /// Said to be there even where it is empty, so that it is looked at.
  void read_condition(v1::StepDefinition& made, const yaml_node& value, const std::string& path) {
    std::string text = shape_.text(value, path);
    if (text.empty() && value.what == yaml_node::kind::scalar) text = " ";
    made.set_when(std::move(text));
  }

  void read_names(google::protobuf::RepeatedPtrField<std::string>& made, const yaml_node& value,
                  const std::string& path) {
    if (value.what == yaml_node::kind::scalar) return void(*made.Add() = value.text);
    shape_.each_element(value, path, [&](const std::string& at, const yaml_node& element) {
      if (std::string name = shape_.text(element, at); !name.empty()) *made.Add() = std::move(name);
    });
  }

  void read_retry(v1::RetryPolicy& made, const yaml_node& value, const std::string& path) {
    if (!made.has_initial_interval()) set_retry_defaults(made);
    shape_.each_entry(value, path,
                      {"initial_interval", "backoff_coefficient", "maximum_interval",
                       "maximum_attempts", "non_retryable_error_types"},
                      [&](const std::string& key, const std::string& at, const yaml_node& part) {
                        read_retry_part(made, key, at, part);
                      });
  }

  void read_retry_part(v1::RetryPolicy& made, const std::string& key, const std::string& path,
                       const yaml_node& value) {
    if (key == "initial_interval")
      read_duration(made, &v1::RetryPolicy::mutable_initial_interval, value, path);
    if (key == "maximum_interval")
      read_duration(made, &v1::RetryPolicy::mutable_maximum_interval, value, path);
    if (key == "backoff_coefficient")
      made.set_backoff_coefficient(shape_.number(value, path).value_or(2));
    if (key == "maximum_attempts") made.set_maximum_attempts(whole_number(value, path));
    if (key == "non_retryable_error_types") {
      made.clear_non_retryable_error_types();
      read_names(*made.mutable_non_retryable_error_types(), value, path);
    }
  }

  static void set_retry_defaults(v1::RetryPolicy& made) {
    const retry_policy usual;
    *made.mutable_initial_interval() = to_proto(usual.initial_interval);
    *made.mutable_maximum_interval() = to_proto(usual.maximum_interval);
    made.set_backoff_coefficient(usual.backoff_coefficient);
    made.set_maximum_attempts(usual.maximum_attempts);
  }

  void read_timeouts(v1::Timeouts& made, const yaml_node& value, const std::string& path) {
    shape_.each_entry(value, path,
                      {"schedule_to_start", "start_to_close", "schedule_to_close", "heartbeat"},
                      [&](const std::string& key, const std::string& at, const yaml_node& part) {
                        if (key == "schedule_to_start")
                          read_duration(made, &v1::Timeouts::mutable_schedule_to_start, part, at);
                        if (key == "start_to_close")
                          read_duration(made, &v1::Timeouts::mutable_start_to_close, part, at);
                        if (key == "schedule_to_close")
                          read_duration(made, &v1::Timeouts::mutable_schedule_to_close, part, at);
                        if (key == "heartbeat")
                          read_duration(made, &v1::Timeouts::mutable_heartbeat, part, at);
                      });
  }

  /// Sets a field of `made` where the text is a duration, and leaves it alone where not.
  template <class Message>
  void read_duration(Message& made, google::protobuf::Duration* (Message::*field)(),
                     const yaml_node& value, const std::string& path) {
    const std::string text = shape_.text(value, path);
    if (text.empty()) return;
    if (const auto length = parse_duration(text))
      *(made.*field)() = to_proto(*length);
    else
      shape_.report(path, length.error());
  }

  void read_object(google::protobuf::Struct& made, const yaml_node& value,
                   const std::string& path) {
    shape_.each_entry(value, path, {},
                      [&](const std::string& key, const std::string& at, const yaml_node& part) {
                        read_literal((*made.mutable_fields())[key], part, at);
                      });
  }

  void read_literal(google::protobuf::Value& made, const yaml_node& value,
                    const std::string& path) {
    switch (value.what) {
    case yaml_node::kind::null:
      made.set_string_value("");
      return shape_.report(path, "there is no value; write one, or leave the key out");
    case yaml_node::kind::scalar:
      return read_scalar(made, value, path);
    case yaml_node::kind::mapping:
      return read_object(*made.mutable_struct_value(), value, path);
    case yaml_node::kind::sequence:
      made.mutable_list_value();
      return shape_.each_element(value, path, [&](const std::string& at, const yaml_node& element) {
        read_literal(*made.mutable_list_value()->add_values(), element, at);
      });
    }
  }

  void read_scalar(google::protobuf::Value& made, const yaml_node& value, const std::string& path) {
    if (auto literal = literal_of(value)) {
      made = std::move(*literal);
    } else {
      made.set_number_value(0);
      shape_.report(
          path, fmt::format(
                    "'{}' is beyond 2^53, where numbers are not exact any more; write it in quotes "
                    "or make it smaller",
                    value.text));
    }
  }

  yaml_shape shape_;
  struct defaults {
    std::optional<v1::RetryPolicy> retry;
    std::optional<v1::Timeouts> timeouts;
  };
  defaults defaults_;
  std::map<std::string, std::string> files_;
};

} // namespace

written_definition read_definition(const yaml_node& root, source_map& places, findings& found) {
  return definition_reader{places, found}.read(root);
}

} // namespace troupe::workflow
