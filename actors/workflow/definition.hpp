#pragma once

#include "actors/runtime/agent.hpp"
#include "actors/scheduling/placement/placement.hpp"
#include "actors/scheduling/resources/resource_vector.hpp"
#include "actors/workflow/diagnostic.hpp"
#include "actors/workflow/expression.hpp"
#include "troupe/v1/workflow.pb.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <unordered_map>
#include <vector>

namespace troupe::workflow {

using duration = std::chrono::nanoseconds;
using time_point = std::chrono::system_clock::time_point;

/// When and how often a failed attempt is tried again: after `initial_interval`, then
/// `backoff_coefficient` times the interval before, never more than `maximum_interval`.
struct retry_policy {
  duration initial_interval = std::chrono::seconds{1};
  double backoff_coefficient = 2.0;
  duration maximum_interval = std::chrono::seconds{100};
  /// Failed attempts, the first included; 0 means no bound. An attempt lost with its process has
  /// not failed.
  std::uint32_t maximum_attempts = 5;
  /// Failure types that end the step at once.
  std::vector<std::string> non_retryable_error_types{};
};

/// Zero means none. All are kept by the engine's own timers.
struct time_limits {
  /// From the record that an attempt is wanted to its start: the wait for a place in the engine.
  duration schedule_to_start{};
  /// Of one attempt.
  duration start_to_close{};
  /// From the first attempt's record to the instance's end, waits between attempts included.
  duration schedule_to_close{};
  /// Between signs of life of an attempt (`call_context::heartbeat`), the first from its start.
  duration heartbeat{};
};

struct input_declaration {
  std::string name;
  v1::InputType type = v1::INPUT_TYPE_STRING;
  std::string description;
  /// Absent: the input is required.
  std::optional<scalar> default_value;
};

/// Which instances of another step must be done before an instance may start.
struct dependency {
  std::size_t step = 0;
  /// The instance of the same index alone (both steps belong to one fan-out); else all of them.
  bool same_index = false;
  /// A reference takes one reply of it: where that instance has none, this one is skipped.
  bool reads_reply = false;
};

/// What a step with `for_each` runs over.
struct fan_out {
  /// Step that gives the elements.
  std::size_t source = 0;
  /// Path from the source's reply to the list (chained: to the element); may be empty only when
  /// chained.
  field_path path;
  /// The source itself fans out: element i comes from its instance i, without waiting for the
  /// others.
  bool chained = false;
  /// Step whose reply holds the list that the chain starts at; its size is the number of instances.
  std::size_t root = 0;
  field_path root_path;
  value_type item_type;
};

/// What an instance of a step does.
enum class step_kind {
  /// Attempts of an agent.
  agent,
  /// Waits for a time.
  timer,
  /// Waits for a signal.
  signal,
  /// Is a run of its own.
  child
};

struct definition;

/// What comes of an instance that failed for good.
enum class failure_action {
  /// The run fails.
  fail,
  /// The run goes on without its reply.
  proceed,
  /// The run goes on with a reply that the definition gives.
  reply
};

/// What attempts of a step are bound to over all runs of a node, with others that have the same key.
struct step_limit {
  /// Gives the key of an instance.
  text_expression key;
  /// So many hold the key at once; 0: no bound.
  std::uint32_t concurrency = 0;
  /// Between one start and the next, on average; 0: no bound.
  duration interval{};
  /// So many start at once after a pause.
  std::uint32_t burst = 1;
};

/// When a second attempt may be begun beside one that takes long: one of the two is not 0.
struct speculation {
  /// Once it has run so many times as long as 95 of 100 attempts are expected to.
  double factor = 0;
  /// Once it has run this long.
  duration after{};
  bool operator==(const speculation&) const = default;
};

/// One checked step.
struct step {
  std::string id;
  step_kind kind = step_kind::agent;
  /// Of `agent` only; so are `request` and `input`.
  agent_name agent;
  /// Of `timer`: how long.
  duration wait{};
  /// Of `signal`: its name, and the reply when the time of `schedule_to_close` is over (nullptr: it fails).
  std::string signal;
  message_ptr default_reply;
  /// Of `child`: its definition, and what gives that one's inputs, by their names. Each value is put into the one field of
  /// a wrapper (google.protobuf.StringValue and so on), by the rules for requests.
  std::shared_ptr<const definition> child;
  std::vector<std::pair<std::string, field_binding>> child_inputs;
  /// Of a `child` whose definition a reply holds: that one. Then `child` is nullptr.
  std::optional<field_binding> plan;
  failure_action on_failure = failure_action::fail;
  /// Of `failure_action::reply`.
  message_ptr failure_reply;
  const google::protobuf::Descriptor* request = nullptr;
  const google::protobuf::Descriptor* reply = nullptr;
  /// Ascending by step, each step once.
  std::vector<dependency> needs;
  std::optional<fan_out> each;
  /// Instances for which it does not hold are skipped.
  std::optional<condition> when;
  /// Instances at work at once; 0 means no bound.
  std::uint32_t parallelism = 0;
  /// Among attempts that wait for a place higher goes first; the run's is added.
  std::int32_t priority = 0;
  /// What an attempt holds while it is in flight; of `agent` only.
  scheduling::resource_vector demand;
  /// Of `agent` only.
  std::vector<step_limit> key_limits;
  /// How long an attempt is expected to run; 0: its author does not say.
  duration cost{};
  /// Absent: it has one attempt at a time. Of `agent` only.
  std::optional<speculation> speculate{};
  /// Its attempts may be asked to give their places up for those of a higher priority. Of `agent` only.
  bool preemptible = false;
  /// On which nodes its attempts may run, and which of them is picked; of `agent` only. What undoes the step may run anywhere.
  scheduling::placement_rule placement{};
  retry_policy retry;
  time_limits limits;
  /// The request's fields, in order of their names.
  object_expression input;
  /// What undoes a completed instance: an agent's work, with the id, the fan-out and the priority of this step, and the
  /// request, retries and time limits of its own. nullptr: nothing does.
  std::shared_ptr<const step> compensate;
};

/// What a run gives the step that it was started by: a message in the reply of a step without fan-out.
struct output_reference {
  std::size_t step = 0;
  field_path path;
  const google::protobuf::Descriptor* type = nullptr;
};

/// A checked definition: every reference resolves, every type fits, the graph has no cycle.
/// Immutable; share it freely between threads. Descriptors are those of the program's generated
/// pool.
struct definition {
  std::string name;
  std::string version;
  std::string description;
  std::vector<input_declaration> inputs;
  /// In the order they were written.
  std::vector<step> steps;
  std::unordered_map<std::string, std::size_t> step_index;
  /// Bounds `engine_options::max_uncommitted` and `max_started_ahead` for each run; absent: those alone do. 0 is 1, and
  /// nothing ahead of its commit.
  std::optional<std::uint32_t> max_uncommitted;
  /// How long a run may take, from its start; 0: as long as it does.
  duration deadline{};
  /// Absent: the run's summary.
  std::optional<output_reference> output;
  /// What it was made from, normalised (defaults filled in): a run's history begins with it.
  v1::WorkflowDefinition source;
  /// The same, serialised: it is written at the beginning of every run.
  std::string source_bytes;
};

using definition_ptr = std::shared_ptr<const definition>;
/// The definition, or every mistake that was found, in order of position.
using definition_result = tl::expected<definition_ptr, diagnostics>;

/// The type of a signal's payload; nullptr where no step awaits one of this name.
[[nodiscard]] const google::protobuf::Descriptor* signal_type(const definition& workflow,
                                                              std::string_view name);

/// Priorities of steps and of runs are from minus this to this.
inline constexpr std::int32_t highest_priority = 100;

/// What a definition may at most be.
struct definition_limits {
  static constexpr std::size_t size_bytes = std::size_t{1} << 20;
  static constexpr std::size_t steps = 1'000;
  static constexpr std::size_t nodes = 100'000;
  static constexpr std::size_t depth = 32;
  /// Definitions within definitions: so many levels, the outermost included, and so many in all.
  static constexpr std::size_t workflow_depth = 8;
  static constexpr std::size_t workflows = 100;
  static constexpr std::size_t total_bytes = std::size_t{4} << 20;
  /// Runs that one run may start.
  static constexpr std::size_t children = 10'000;
  /// Of one step, and of a key in bytes.
  static constexpr std::size_t key_limits = 8;
  static constexpr std::size_t key_bytes = 256;
  /// Of a signal's payload as JSON.
  static constexpr std::size_t payload_bytes = std::size_t{256} << 10;
};

/// Gives the text of a file that a definition names, by its path from the folder of that definition; or says why it cannot.
/// The path is relative, normal and does not leave the folder.
using definition_files =
    std::function<tl::expected<std::string, std::string>(const std::string& path)>;

/// The files in a folder and below; symbolic links out of it are not followed.
[[nodiscard]] definition_files files_in(const std::string& folder);

/// Reads a definition from YAML and checks all of it against the agents of this node.
/// @param file_name only named in diagnostics.
/// @param files the files that steps name with `workflow: { file: PATH }`; without it that is a mistake.
[[nodiscard]] definition_result load_definition(std::string_view yaml, const std::string& file_name,
                                                const agent_types& agents,
                                                const definition_files& files = {});

/// The definition and all that are within it, each once: of one that many steps name the steps are not looked at again.
[[nodiscard]] std::vector<const definition*> definitions_in(const definition& outermost);

/// Checks a definition that came as Protobuf (from C++, a gateway, a history).
/// @param agents nullptr: agents are not looked up, request and reply types must be named (they are
///   in histories).
[[nodiscard]] definition_result compile_definition(const v1::WorkflowDefinition& source,
                                                   const agent_types* agents);

} // namespace troupe::workflow
