#pragma once

#include "actors/runtime/names.hpp"

#include <cstddef>
#include <string_view>

namespace troupe::workflow {

inline constexpr std::size_t most_tenant_bytes = 64;

/// Whether somebody for whom runs are may be called so: up to 64 letters, digits, '.', '_' and '-'. The empty name is of
/// those who have none.
[[nodiscard]] inline bool is_tenant_name(std::string_view name) {
  return name.empty() || (name.size() <= most_tenant_bytes && runtime::is_name_part(name));
}

} // namespace troupe::workflow
