#pragma once

#include "actors/scheduling/online/late_round.hpp"

#include <array>
#include <cstdint>

namespace troupe::scheduling {

/// Keeps one slot in sixteen of a kind (rounded; none of fewer than nine) for short tasks: a long one may start only where
/// enough slots of its kind are then left that are idle or soon free. Without preemption, small workflows would else wait
/// for the whole length of a long task whenever long ones have taken every slot. Nothing is kept from what is short.
/// Source: the idea of size-interval task assignment, Harchol-Balter, Crovella, Murta (1999).
class short_task_reserve final : public late_round::keeper {
public:
  /// @param on must outlive this.
  explicit short_task_reserve(const cluster& on);

  /// Looks at what runs now.
  /// @param short_seconds a task of up to so many seconds is short.
  void begin(const online_state& state, const late_round& round, double short_seconds);
  [[nodiscard]] bool allows(std::uint32_t pool, double seconds) const override;
  void taken(std::uint32_t pool, double seconds) override;

private:
  struct kind_state {
    /// Slots that long tasks may hold at once.
    std::uint32_t most_long = 0;
    std::uint32_t long_now = 0;
  };

  [[nodiscard]] std::size_t kind_of(std::uint32_t pool) const {
    return static_cast<std::size_t>(on_.pools()[pool].kind);
  }

  const cluster& on_;
  std::array<kind_state, 2> kinds_;
  double short_seconds_ = 0;
};

} // namespace troupe::scheduling
