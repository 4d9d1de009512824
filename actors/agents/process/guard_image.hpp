#pragma once

#include "actors/runtime/failure.hpp"

#include <string>

namespace troupe::agents {

/// The guard (`guard/guard.cpp`), which this library carries, as a file to execute: in memory, made once for the process.
/// @returns failure "process.cannot_start" where the system has no such files.
[[nodiscard]] reply<std::string> guard_program();

} // namespace troupe::agents
