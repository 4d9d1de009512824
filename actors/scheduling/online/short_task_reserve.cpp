#include "actors/scheduling/online/short_task_reserve.hpp"

namespace troupe::scheduling {
namespace {

constexpr std::uint32_t slots_per_kept = 16;

} // namespace

short_task_reserve::short_task_reserve(const cluster& on) : on_{on} {
  for (const slot_pool& pool : on.pools())
    kinds_[static_cast<std::size_t>(pool.kind)].most_long += pool.count;
  for (kind_state& kind : kinds_)
    kind.most_long -= (kind.most_long + slots_per_kept / 2 - 1) / slots_per_kept;
}

void short_task_reserve::begin(const online_state& state, const late_round& round,
                               double short_seconds) {
  short_seconds_ = short_seconds;
  for (kind_state& kind : kinds_)
    kind.long_now = 0;
  for (std::uint32_t slot = 0; slot < on_.slot_count(); ++slot)
    if (!state.slots()[slot].idle() && round.available(state, slot) - state.now() > short_seconds)
      ++kinds_[kind_of(on_.pool_of(slot))].long_now;
}

bool short_task_reserve::allows(std::uint32_t pool, double seconds) const {
  const kind_state& kind = kinds_[kind_of(pool)];
  return seconds <= short_seconds_ || kind.long_now < kind.most_long;
}

void short_task_reserve::taken(std::uint32_t pool, double seconds) {
  if (seconds > short_seconds_) ++kinds_[kind_of(pool)].long_now;
}

} // namespace troupe::scheduling
