#pragma once

#include <cstddef>
#include <string>

namespace troupe::cluster {

/// Hexadecimal digits that nobody can guess.
[[nodiscard]] std::string random_hex(std::size_t digits);

} // namespace troupe::cluster
