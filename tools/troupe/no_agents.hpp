#pragma once

#include "actors/runtime/agent.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace troupe::cli {

/// For commands that tell runs something and do none of their steps.
class no_agents final : public agent_types {
public:
  [[nodiscard]] const agent_type* find(std::string_view) const override { return nullptr; }
  [[nodiscard]] std::vector<std::string> names() const override { return {}; }
};

} // namespace troupe::cli
