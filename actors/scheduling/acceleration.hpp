#pragma once

#include "actors/scheduling/cluster.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

namespace troupe::scheduling {

/// FNV-1a of 64 bits over bytes.
[[nodiscard]] std::uint64_t fnv1a(std::string_view bytes) noexcept;

/// One step of the generator splitmix64: adds 0x9E3779B97F4A7C15, then mixes.
[[nodiscard]] std::uint64_t splitmix64(std::uint64_t x) noexcept;

/// How much faster a program is on a GPU slot of speed 1 than on a CPU slot of speed 1, drawn from program and seed alone.
/// @returns nothing where it has no GPU version.
[[nodiscard]] std::optional<double> acceleration(std::string_view program, std::uint64_t seed,
                                                 const acceleration_model& model) noexcept;

} // namespace troupe::scheduling
