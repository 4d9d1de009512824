#pragma once

#include "actors/workflow/cron/schedule_runner.hpp"
#include "actors/workflow/engine.hpp"
#include "tools/troupe/definition_file.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace troupe::cli {

/// Schedules with the definitions that they name, on an engine.
class scheduled_runs {
public:
  /// Reads the definitions and checks the inputs of all schedules.
  /// @param folder of the file of schedules: what they name is relative to it.
  /// @param engine outlives what this returns.
  [[nodiscard]] static tl::expected<scheduled_runs, no_run>
  load(std::vector<workflow::cron::schedule> schedules, const std::filesystem::path& folder,
       workflow::engine& engine, const agent_types& agents);

  [[nodiscard]] const std::vector<workflow::cron::schedule>& schedules() const {
    return schedules_;
  }
  /// What a runner needs. This outlives it, where it is.
  [[nodiscard]] workflow::cron::schedule_world world();
  /// Takes over the open runs of these schedules that no process has.
  void resume_open();

private:
  struct scheduled {
    workflow::definition_ptr definition;
    workflow::input_values inputs;
  };

  explicit scheduled_runs(workflow::engine& engine) : engine_(&engine) {}
  [[nodiscard]] const scheduled& of(const workflow::cron::schedule& which) const;

  workflow::engine* engine_;
  std::vector<workflow::cron::schedule> schedules_;
  std::vector<scheduled> what_;
};

} // namespace troupe::cli
