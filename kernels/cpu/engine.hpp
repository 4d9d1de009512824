#pragma once

#include "kernels/bert/engine_registry.hpp"

namespace troupe::cpu {

/// The CPU engine for the registry, under the name "cpu": oneDNN products on weights packed once at
/// load, own vector kernels for everything else. Runs any model that the loader accepts, in fp32 on
/// every x86-64 machine, and in bf16 where `machine_info::bf16` (probe.hpp) says so.
[[nodiscard]] bert::engine_factory factory();

} // namespace troupe::cpu
