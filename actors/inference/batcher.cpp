#include "actors/inference/batcher.hpp"

#include <algorithm>

namespace troupe::inference {
namespace {

/// Tokens that an engine gets done in that time, as far as is known.
std::size_t tokens_within(deadline::duration time, std::chrono::nanoseconds per_token) {
  if (per_token <= per_token.zero()) return static_cast<std::size_t>(-1);
  return static_cast<std::size_t>(std::max(time, time.zero()) / per_token);
}

} // namespace

void batcher::push(std::size_t model, waiting_window window) {
  waiting_tokens_ += window.tokens;
  queues_[model].emplace(place{window.due, arrivals_++}, window);
}

batcher::queues::const_iterator batcher::first() const {
  return std::min_element(queues_.begin(), queues_.end(), [](const auto& a, const auto& b) {
    return a.second.begin()->first < b.second.begin()->first;
  });
}

deadline batcher::first_due() const {
  return queues_.empty() ? deadline::max() : first()->second.begin()->first.first;
}

batch batcher::take(const batch_limits& limits, deadline now) {
  batch taken;
  if (queues_.empty()) return taken;
  taken.model = next_model();
  auto& waiting = queues_.at(taken.model);
  std::size_t room = std::min(limits.tokens, budget_);
  while (!waiting.empty()) {
    const waiting_window next = waiting.begin()->second;
    const bool late = next.expires <= now;
    const std::size_t tokens = taken.tokens + next.tokens;
    if (!late && !taken.windows.empty() && tokens > room) break;
    (late ? taken.expired : taken.windows).push_back(next);
    if (!late) {
      taken.tokens = tokens;
      // One that comes too late in any case holds up nobody.
      if (const auto in_time = tokens_within(next.expires - now, limits.per_token);
          tokens <= in_time)
        room = std::min(room, in_time);
    }
    waiting_tokens_ -= next.tokens;
    waiting.erase(waiting.begin());
  }
  if (waiting.empty()) queues_.erase(taken.model);
  return taken;
}

} // namespace troupe::inference
