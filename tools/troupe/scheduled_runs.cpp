#include "tools/troupe/scheduled_runs.hpp"

#include "actors/workflow/inputs.hpp"
#include "troupe/v1/run.pb.h"

#include <fmt/format.h>

namespace troupe::cli {

namespace {

/// Of one definition: the newest ones.
constexpr std::size_t most_runs = 10'000;

} // namespace

tl::expected<scheduled_runs, no_run>
scheduled_runs::load(std::vector<workflow::cron::schedule> schedules,
                     const std::filesystem::path& folder, workflow::engine& engine,
                     const agent_types& agents) {
  scheduled_runs made{engine};
  for (const auto& each : schedules) {
    auto definition = load_definition_file((folder / each.workflow).string(), agents);
    if (!definition) return tl::unexpected(std::move(definition.error()));
    auto inputs = workflow::parse_inputs(**definition, each.inputs);
    if (!inputs) {
      inputs.error().context = fmt::format("schedule '{}': {}", each.name, inputs.error().context);
      return tl::unexpected(no_run{std::move(inputs.error()), exit_code::usage});
    }
    made.what_.push_back({std::move(*definition), std::move(*inputs)});
  }
  made.schedules_ = std::move(schedules);
  return made;
}

const scheduled_runs::scheduled& scheduled_runs::of(const workflow::cron::schedule& which) const {
  for (std::size_t i = 0; i < schedules_.size(); ++i)
    if (schedules_[i].name == which.name) return what_[i];
  return what_.front(); // not of these schedules: whoever asks has them from here
}

workflow::cron::schedule_world scheduled_runs::world() {
  using workflow::cron::schedule;
  workflow::cron::schedule_world made;
  made.runs = [this](const schedule& which) {
    workflow::run_filter filter;
    filter.workflow = of(which).definition->name;
    filter.limit = most_runs;
    return engine_->list(filter);
  };
  made.start = [this](const schedule& which, const std::string& run_id) -> result<void> {
    const scheduled& what = of(which);
    workflow::submit_options how;
    how.run_id = run_id;
    how.priority = which.priority;
    how.deadline = which.deadline;
    how.tenant = which.tenant;
    const auto started = engine_->submit(what.definition, what.inputs, how);
    if (!started) return tl::unexpected(started.error());
    return {};
  };
  made.cancel = [this](const schedule& which, const std::string& run_id) -> result<void> {
    const auto done =
        engine_->cancel(run_id, fmt::format("the next run of schedule '{}' is due", which.name));
    if (!done) return tl::unexpected(done.error());
    return {};
  };
  return made;
}

void scheduled_runs::resume_open() {
  for (const auto& each : schedules_) {
    workflow::run_filter filter;
    filter.workflow = of(each).definition->name;
    filter.statuses = {v1::RUN_STATUS_RUNNING, v1::RUN_STATUS_COMPENSATING};
    filter.limit = most_runs;
    const auto open = engine_->list(filter);
    if (!open) continue;
    // One that another process has is refused, and so is one that ended meanwhile.
    for (const auto& run : *open)
      if (due_of(each, run.run_id)) (void)engine_->resume(run.run_id);
  }
}

} // namespace troupe::cli
