#pragma once

#include <string>
#include <string_view>

namespace troupe::cluster {

/// The last lines of a log, each on a line of its own behind two blanks, after a line end; "" where it is empty.
[[nodiscard]] std::string indented_tail(std::string_view log);

} // namespace troupe::cluster
