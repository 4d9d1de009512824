#include "actors/runtime/timer_queue.hpp"

#include "actors/runtime/defaults.hpp"

#include <algorithm>
#include <iterator>
#include <tuple>

namespace troupe::runtime {
namespace {

std::int64_t step_of(timer_queue::time_point when) {
  return when.time_since_epoch() / std::chrono::nanoseconds{defaults::timer_step};
}

} // namespace

void timer_queue::insert(timer_node& node, time_point due) {
  node.due = due;
  node.order = ++inserted_;
  auto& ring = bucket_for(step_of(due)).ring;
  node.previous = ring.previous;
  node.next = &ring;
  node.previous->next = node.next->previous = &node;
  ++size_;
}

bool timer_queue::remove(timer_node& node) {
  if (!node.next) return false;
  const bool alone = node.previous == node.next;
  unlink(node);
  // The latest bucket stays: the next insertion is most likely for it.
  if (const auto step = step_of(node.due); alone && buckets_.rbegin()->first != step)
    buckets_.erase(step);
  return true;
}

std::vector<timer_node*> timer_queue::take_due(time_point now) {
  std::vector<timer_node*> due;
  for (auto it = buckets_.begin(); it != buckets_.end() && it->first <= step_of(now);) {
    for (auto* node = it->second.ring.next; node != &it->second.ring;) {
      auto* const next = node->next;
      if (node->due <= now) {
        unlink(*node);
        due.push_back(node);
      }
      node = next;
    }
    it = it->second.empty() ? buckets_.erase(it) : std::next(it);
  }
  std::sort(due.begin(), due.end(), [](const timer_node* a, const timer_node* b) {
    return std::tie(a->due, a->order) < std::tie(b->due, b->order);
  });
  return due;
}

std::optional<timer_queue::time_point> timer_queue::next_due() const {
  for (const auto& [step, bucket] : buckets_) {
    if (bucket.empty()) continue;
    auto earliest = bucket.ring.next->due;
    for (auto* node = bucket.ring.next; node != &bucket.ring; node = node->next)
      earliest = std::min(earliest, node->due);
    return earliest;
  }
  return std::nullopt;
}

timer_queue::bucket& timer_queue::bucket_for(std::int64_t step) {
  if (!buckets_.empty()) {
    const auto latest = std::prev(buckets_.end());
    if (latest->first == step) return latest->second;
    if (latest->second.empty()) buckets_.erase(latest);
  }
  return buckets_[step];
}

void timer_queue::unlink(timer_node& node) {
  node.previous->next = node.next;
  node.next->previous = node.previous;
  node.previous = node.next = nullptr;
  --size_;
}

} // namespace troupe::runtime
