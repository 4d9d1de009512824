#include "actors/inference/batcher.hpp"

#include <algorithm>

namespace troupe::inference {

void batcher::push(std::size_t model, waiting_window window) {
  waiting_tokens_ += window.tokens;
  queues_[model].push_back({arrivals_++, window});
}

batch batcher::take(std::size_t limit, deadline now) {
  batch taken;
  if (queues_.empty()) return taken;
  limit = std::min(limit, budget_);
  const auto oldest =
      std::min_element(queues_.begin(), queues_.end(), [](const auto& a, const auto& b) {
        return a.second.front().arrival < b.second.front().arrival;
      });
  taken.model = oldest->first;
  auto& queue = oldest->second;
  while (!queue.empty()) {
    const waiting_window& next = queue.front().window;
    const bool late = next.expires <= now;
    if (!late && !taken.windows.empty() && taken.tokens + next.tokens > limit) break;
    (late ? taken.expired : taken.windows).push_back(next);
    if (!late) taken.tokens += next.tokens;
    waiting_tokens_ -= next.tokens;
    queue.pop_front();
  }
  if (queue.empty()) queues_.erase(oldest);
  return taken;
}

} // namespace troupe::inference
