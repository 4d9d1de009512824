#pragma once

#include <string>
#include <string_view>

namespace troupe::scheduling {

/// The program of a task: `command` where it is a single word without white space, else the part of `name` after its last dot,
/// less a trailing "_ID" and digits.
[[nodiscard]] std::string program_name(std::string_view name, std::string_view command);

} // namespace troupe::scheduling
