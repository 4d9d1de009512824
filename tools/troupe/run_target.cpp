#include "tools/troupe/run_target.hpp"

#include "actors/workflow/durations.hpp"
#include "actors/workflow/errors.hpp"
#include "actors/workflow/event_codec.hpp"
#include "actors/workflow/inputs.hpp"
#include "tools/troupe/cli_errc.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <google/protobuf/util/message_differencer.h>
#include <optional>
#include <utility>

namespace troupe::cli {

namespace {

tl::unexpected<no_run> stop(error why, exit_code code = exit_code::failed) {
  return tl::unexpected(no_run{std::move(why), code});
}

bool same_run(const v1::Event& first, const workflow::definition& wanted,
              const workflow::input_values& inputs) {
  const auto decoded = workflow::decode(first);
  if (!decoded) return false;
  const auto* started = std::get_if<workflow::run_started>(&decoded->what);
  return started && started->inputs == inputs &&
         google::protobuf::util::MessageDifferencer::Equals(started->workflow->source,
                                                            wanted.source);
}

/// The newest unfinished run of this definition with these inputs, if there is one.
result<std::optional<std::string>> unfinished(workflow::engine& engine,
                                              const workflow::definition& wanted,
                                              const workflow::input_values& inputs) {
  workflow::run_filter filter;
  filter.statuses = {v1::RUN_STATUS_RUNNING, v1::RUN_STATUS_COMPENSATING};
  filter.workflow = wanted.name;
  const auto runs = engine.list(filter);
  if (!runs) return tl::unexpected(runs.error());
  for (const auto& run : *runs) {
    const auto history = engine.history(run.run_id);
    if (!history) return tl::unexpected(history.error());
    if (!history->empty() && same_run(history->front(), wanted, inputs)) return run.run_id;
  }
  return std::nullopt;
}

} // namespace

void run_target::add_to(CLI::App& command) {
  auto* definition = command.add_option("DEFINITION", definition_file_,
                                        "Workflow definition in YAML; - for standard input");
  auto* input = command
                    .add_option("--input", assignments_,
                                "An input of the workflow, as NAME=VALUE; repeatable")
                    ->type_name("NAME=VALUE")
                    ->allow_extra_args(false);
  auto* resumed =
      command
          .add_option("--resume", resumed_,
                      "Go on with this unfinished run; it keeps its definition and inputs")
          ->type_name("RUN");
  auto* id = command
                 .add_option("--id", run_id_,
                             "Id of the new run; made from the time where it is not given")
                 ->type_name("RUN");
  auto* priority = command
                       .add_option("--priority", priority_,
                                   "Of the new run, -100 to 100: while attempts wait for a place, "
                                   "those of the run\nwith the highest go first")
                       ->check(CLI::Range(-workflow::highest_priority, workflow::highest_priority))
                       ->capture_default_str();
  auto* deadline = command
                       .add_option("--deadline", deadline_,
                                   "How long the new run may take, from its start, e.g. 90s or 2h; "
                                   "in the place of\nthe definition's deadline")
                       ->type_name("DURATION");
  auto* tenant = command
                     .add_option("--tenant", tenant_,
                                 "Whom the new run is for: tenants share a node fairly, however "
                                 "many runs each has")
                     ->type_name("NAME");
  tags_.add_to(command,
               "What the new run is called, to find it with 'troupe ps --tag'; repeatable");
  auto* tags = command.get_option("--tag");
  auto* go_on = command.add_flag(
      "--continue", continue_,
      "Go on with the newest unfinished run of this definition and these inputs,\nor start one");
  resumed->excludes(input)
      ->excludes(id)
      ->excludes(priority)
      ->excludes(deadline)
      ->excludes(tenant)
      ->excludes(tags)
      ->excludes(go_on)
      ->excludes(definition);
  id->excludes(go_on);
}

tl::expected<std::string, no_run> run_target::start(workflow::engine& engine,
                                                    const agent_types& agents) const {
  if (!resumed_.empty()) return resume(engine);
  const auto tags = tags_.value();
  if (!tags) return stop(tags.error(), exit_code::usage);
  const auto definition = load(agents);
  if (!definition) return tl::unexpected(definition.error());
  const auto limit = deadline();
  if (!limit) return tl::unexpected(limit.error());
  const auto inputs = workflow::parse_inputs(**definition, assignments_);
  if (!inputs) return stop(inputs.error(), exit_code::usage);
  if (continue_) {
    const auto found = unfinished(engine, **definition, *inputs);
    if (!found) return stop(found.error());
    if (*found) {
      if (const auto resumed = engine.resume(**found); !resumed) return stop(resumed.error());
      return **found;
    }
  }
  auto submitted =
      engine.submit(*definition, *inputs, {run_id_, priority_, *limit, tenant_, *tags});
  if (!submitted) return stop(submitted.error());
  return std::move(*submitted);
}

tl::expected<std::chrono::nanoseconds, no_run> run_target::deadline() const {
  if (deadline_.empty()) return std::chrono::nanoseconds{0};
  const auto length = workflow::parse_duration(deadline_);
  if (!length)
    return stop({cli_errc::bad_option, "--deadline: " + length.error()}, exit_code::usage);
  if (*length == std::chrono::nanoseconds{0})
    return stop({cli_errc::bad_option, "--deadline: a run with no time could never begin; give it "
                                       "some"},
                exit_code::usage);
  return *length;
}

tl::expected<std::string, no_run> run_target::resume(workflow::engine& engine) const {
  const auto resumed = engine.resume(resumed_);
  // A run that ended by itself has its result; showing it is what going on with it comes to.
  if (!resumed && resumed.error().code != workflow_errc::run_closed) return stop(resumed.error());
  return resumed_;
}

tl::expected<workflow::definition_ptr, no_run> run_target::load(const agent_types& agents) const {
  if (definition_file_.empty())
    return stop({cli_errc::bad_option, "name a DEFINITION, or a run with --resume"},
                exit_code::usage);
  return load_definition_file(definition_file_, agents);
}

} // namespace troupe::cli
