#pragma once

#include "actors/workflow/definition.hpp"
#include "troupe/v1/workflow.pb.h"

#include <memory>
#include <string>
#include <unordered_map>

namespace troupe::workflow {

/// Definitions that were compiled from histories and are still in use, so that runs of one definition share it. One thread
/// at a time.
class definition_cache {
public:
  /// @returns as `compile_definition` without agents.
  [[nodiscard]] definition_result compile(const v1::WorkflowDefinition& source);

private:
  /// By the bytes of their source, which tell every difference.
  std::unordered_map<std::string, std::weak_ptr<const definition>> known_;
  /// What is gone is forgotten when there are as many entries.
  std::size_t sweep_at_ = 64;
};

} // namespace troupe::workflow
