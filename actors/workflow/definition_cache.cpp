#include "actors/workflow/definition_cache.hpp"

#include <algorithm>

namespace troupe::workflow {

definition_result definition_cache::compile(const v1::WorkflowDefinition& source) {
  // Two orders of a map's entries would only be compiled twice.
  std::string key = source.SerializeAsString();
  std::weak_ptr<const definition>& there = known_[std::move(key)];
  if (definition_ptr found = there.lock()) return found;
  auto made = compile_definition(source, nullptr);
  if (made) there = *made;
  if (known_.size() >= sweep_at_) {
    std::erase_if(known_, [](const auto& each) { return each.second.expired(); });
    sweep_at_ = std::max<std::size_t>(64, known_.size() * 2);
  }
  return made;
}

} // namespace troupe::workflow
