#pragma once

#include <cstddef>
#include <string_view>

namespace troupe::runtime {

/// Bytes that the type and the key of an agent name may have each.
inline constexpr std::size_t longest_name_part = 128;

/// @returns whether `text` may be the type or the key of an agent name: 1 to 128 ASCII letters,
/// digits, '.', '_', '-'.
[[nodiscard]] bool is_name_part(std::string_view text);

} // namespace troupe::runtime
