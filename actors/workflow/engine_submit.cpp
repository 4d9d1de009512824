#include "actors/workflow/durations.hpp"
#include "actors/workflow/engine_core.hpp"
#include "actors/workflow/errors.hpp"
#include "actors/workflow/event_codec.hpp"
#include "actors/workflow/inputs.hpp"
#include "actors/workflow/run_id.hpp"
#include "actors/workflow/run_tag_check.hpp"
#include "actors/workflow/tenant_name.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <google/protobuf/util/message_differencer.h>

namespace troupe::workflow {

void engine_core::submit(definition_ptr workflow, const input_values& inputs,
                         const submit_options& options, on_commit then) {
  const std::string& run_id = options.run_id;
  if (failed_) return then(tl::unexpected(*failed_));
  if (!is_run_id(run_id))
    return then(fail(workflow_errc::bad_run_id,
                     fmt::format("'{}'; use 1 to 128 of letters, digits, '.', '_', '-'",
                                 run_id.substr(0, 140))));
  if (is_child_run_id(run_id))
    return then(fail(workflow_errc::bad_run_id,
                     fmt::format("'{}'; '..' is kept for runs that steps start", run_id)));
  if (options.priority < -highest_priority || options.priority > highest_priority)
    return then(fail(workflow_errc::bad_input,
                     fmt::format("priority {} is out of range; give one from {} to {}",
                                 options.priority, -highest_priority, highest_priority)));
  if (!is_tenant_name(options.tenant))
    return then(fail(workflow_errc::bad_input,
                     fmt::format("tenant '{}'; use up to 64 of letters, digits, '.', '_', '-'",
                                 options.tenant.substr(0, 80))));
  if (options.deadline < duration{0} || options.deadline > longest_duration)
    return then(fail(workflow_errc::bad_input,
                     "the deadline is negative or longer than ten years; give a time from now, "
                     "or 0 for that of the definition"));
  if (auto good = check_tags(options.tags); !good) return then(std::move(good));
  auto complete = complete_inputs(*workflow, inputs);
  if (!complete) return then(tl::unexpected(std::move(complete.error())));
  run_started start{run_id, std::move(workflow), std::move(*complete), options.priority, {}};
  start.deadline = options.deadline > duration{0} ? options.deadline : start.workflow->deadline;
  start.tenant = options.tenant;
  start.tags = options.tags;
  if (runs_.contains(run_id) || around_.history.find(run_id))
    return submit_again(run_id, encode({1, {}, std::move(start)}).run_started(), std::move(then));
  if (auto fit = check_demands(*start.workflow); !fit) return then(std::move(fit));
  start.host = host();
  live_run& run = runs_[run_id];
  run.serial = ++last_serial_;
  on_commit at_once;
  (lazy_ ? at_once : run.pending.told_on_commit.emplace_back()) = std::move(then);
  record(run_id, run, std::move(start));
  if (!failed_) arm_run_timer(run_id, run);
  if (at_once) at_once({});
}

/// A run of this id is there already: the same one, or another.
void engine_core::submit_again(const std::string& run_id, const v1::RunStarted& wanted,
                               on_commit then) {
  auto there = beginning(run_id);
  if (!there) return then(tl::unexpected(there.error()));
  there->clear_host(); // who happens to have it
  if (!google::protobuf::util::MessageDifferencer::Equals(*there, wanted))
    return then(fail(workflow_errc::run_exists,
                     fmt::format("'{}' with another definition, other inputs or tags, another "
                                 "priority, deadline or tenant; choose another id, or resume it",
                                 run_id)));
  // Closed, or at work elsewhere: it is there, which is all that was asked for.
  if (auto resumed = resume(run_id); !resumed && resumed.error().code != workflow_errc::run_owned &&
                                     resumed.error().code != workflow_errc::run_closed &&
                                     resumed.error().code != workflow_errc::run_cancelled)
    return then(std::move(resumed));
  const auto run = runs_.find(run_id);
  if (run == runs_.end()) return then({});
  live_run& there_now = run->second;
  if (there_now.committed == there_now.state.version()) return then({});
  last_unsettled(run_id, there_now).told_on_commit.push_back(std::move(then));
}

result<v1::RunStarted> engine_core::beginning(const std::string& run_id) {
  if (const auto run = runs_.find(run_id); run != runs_.end())
    return encode({1, {}, run->second.state.beginning()}).run_started();
  const auto events = history(run_id);
  if (!events) return tl::unexpected(events.error());
  return events->empty() ? v1::RunStarted{} : events->front().run_started();
}

} // namespace troupe::workflow
