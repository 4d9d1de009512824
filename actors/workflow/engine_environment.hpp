#pragma once

#include "actors/workflow/committer.hpp"
#include "actors/workflow/engine.hpp"

#include <functional>
#include <memory>

namespace troupe::workflow {

/// What an engine core needs of the world around it.
struct engine_environment {
  store& history;
  const agent_types& agents;
  attempt_starter start;
  std::function<time_point()> now;
  /// Runs a task later, on the core's thread; may be called from any thread, also when the core is
  /// gone.
  std::function<void(std::function<void()>)> post;
  engine_options options;
  /// Carries the commits out; without one they are done within `commit`.
  std::shared_ptr<committer> commits = nullptr;
};

} // namespace troupe::workflow
