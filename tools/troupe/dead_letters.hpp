#pragma once

#include "actors/runtime/dead_letters.hpp"
#include "tools/troupe/exit_code.hpp"

#include <chrono>
#include <nlohmann/json_fwd.hpp>
#include <string>

namespace troupe {
class agent_system;
}

namespace troupe::cli {

/// Sends a dead letter to its agent once more, waits for the answer, prints it, and marks the letter where the answer is
/// a reply. @returns `failed` for an unknown letter and for a failure.
/// @param json one object on standard output; else the reply alone.
[[nodiscard]] exit_code replay_dead_letter(dead_letter_store& store, agent_system& agents,
                                           const std::string& id, std::chrono::milliseconds timeout,
                                           bool json);

/// The letter of this id. @returns `cli_errc::bad_option` where there is none.
[[nodiscard]] result<dead_letter> find_dead_letter(dead_letter_store& store, const std::string& id);

/// {"id","time","agent","type","bytes","key","attempts","status","failure":{"type","message"}}.
[[nodiscard]] nlohmann::ordered_json to_json(const dead_letter& letter);

} // namespace troupe::cli
