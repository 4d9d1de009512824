#pragma once

#include "actors/runtime/agent.hpp"
#include "actors/runtime/envelope.hpp"
#include "kernels/result.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace troupe {

/// The numbers are kept in stores.
enum class dead_letter_state : std::uint8_t {
  /// For somebody to look at.
  waiting = 1,
  /// Sent again, and answered with a reply.
  replayed = 2
};

/// A message that made its agent throw `agent_options::quarantine_after` times, kept as it was sent. What it holds is as
/// private as the payload is.
struct dead_letter {
  /// The message_id of the last attempt.
  std::string id;
  /// When it was put away; milliseconds are kept.
  std::chrono::system_clock::time_point time{};
  agent_name target{};
  encoded_payload payload{};
  /// Of the payload.
  std::size_t size_bytes = 0;
  std::string idempotency_key{};
  /// Of the last attempt.
  failure why{};
  /// How often it made the agent throw.
  std::uint32_t attempts = 0;
  dead_letter_state state = dead_letter_state::waiting;
};

struct dead_letter_filter {
  std::optional<dead_letter_state> state{};
  std::size_t limit = 1'000;
};

/// Keeps a bounded number of dead letters: beyond it the oldest goes, replayed ones first. May block on the disk; the
/// runtime calls it on the blocking executor. All members may be called by any thread.
class dead_letter_store {
public:
  virtual ~dead_letter_store() = default;
  /// Keeps a letter; one of the same id is replaced.
  [[nodiscard]] virtual result<void> append(const dead_letter& letter) = 0;
  /// Newest first, without the bytes of the payloads.
  [[nodiscard]] virtual result<std::vector<dead_letter>> list(const dead_letter_filter& filter) = 0;
  [[nodiscard]] virtual result<std::optional<dead_letter>> find(const std::string& id) = 0;
  /// @returns whether there is such a letter.
  [[nodiscard]] virtual result<bool> mark_replayed(const std::string& id) = 0;
  /// @returns whether there was such a letter.
  [[nodiscard]] virtual result<bool> remove(const std::string& id) = 0;
};

/// Keeps them as long as the process lives. @param most at least 1.
[[nodiscard]] std::shared_ptr<dead_letter_store>
make_memory_dead_letters(std::size_t most = runtime::defaults::kept_dead_letters);

} // namespace troupe
