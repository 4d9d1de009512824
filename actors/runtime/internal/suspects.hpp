#pragma once

#include "actors/runtime/agent.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace troupe::runtime {

/// Which messages made an agent throw, and how often. A message is known again by its idempotency key, which its
/// attempts share; without one, by the type and the bytes of its payload. Remembers a bounded number for a bounded time
/// (`defaults::most_suspects`, `defaults::suspicion`). One thread.
class suspects {
public:
  using time_point = std::chrono::steady_clock::time_point;

  /// What a message is known by. Serialises and sums the payload where there is no key.
  [[nodiscard]] static std::string identity(const std::string& idempotency_key,
                                            const google::protobuf::Message& payload);

  [[nodiscard]] bool empty() const { return known_.empty(); }
  /// Notes that the message made the agent throw at `now`, which never goes back. @returns how often it did.
  std::uint32_t blame(const std::string& identity, time_point now);
  /// @returns how often the message made the agent throw, as far as that is remembered.
  [[nodiscard]] std::uint32_t times_blamed(const std::string& identity, time_point now);
  void forget(const std::string& identity);

private:
  struct suspect {
    std::string identity;
    std::uint32_t times = 0;
    time_point last;
  };
  void drop_old(time_point now);

  /// The one blamed longest ago comes first.
  std::vector<suspect> known_;
};

} // namespace troupe::runtime
