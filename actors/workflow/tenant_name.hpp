#pragma once

#include <algorithm>
#include <string_view>

namespace troupe::workflow {

inline constexpr std::size_t most_tenant_bytes = 64;

/// Whether somebody for whom runs are may be called so: up to 64 letters, digits, '.', '_' and '-'. The empty name is of
/// those who have none.
[[nodiscard]] inline bool is_tenant_name(std::string_view name) {
  return name.size() <= most_tenant_bytes && std::ranges::all_of(name, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '.' || c == '_' || c == '-';
         });
}

} // namespace troupe::workflow
