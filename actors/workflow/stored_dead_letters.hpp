#pragma once

#include "actors/runtime/dead_letters.hpp"
#include "actors/workflow/checksum.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace troupe::workflow {

/// What every store says alike of its dead letters.

[[nodiscard]] std::int64_t to_ms(std::chrono::system_clock::time_point moment);

/// The failure as it is stored.
[[nodiscard]] std::string failure_bytes(const dead_letter& letter);
/// @returns whether the bytes are a failure; `into` has it then.
[[nodiscard]] bool read_failure(std::string_view bytes, dead_letter& into);

/// Over everything but the state, which changes.
[[nodiscard]] checksum sum_of(const dead_letter& letter, std::string_view failure_bytes);

/// @param where the store's name, for people; `backup` what is restored.
[[nodiscard]] error damaged_letter(const std::string& id, const std::string& where,
                                   std::string_view backup);

} // namespace troupe::workflow
