#include "actors/runtime/internal/request_queue.hpp"

#include "actors/runtime/defaults.hpp"
#include "actors/runtime/internal/call.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace troupe::runtime {
namespace {

constexpr std::size_t kept_empty_lines = 4;

} // namespace

request_queue::~request_queue() {
  while (pop()) // one by one: a long chain must not be destroyed by recursion
    ;
}

void request_queue::push(std::shared_ptr<call> asked) {
  auto& link = asked->queue_link();
  link.arrival = arrived_++;
  ++size_;
  size_bytes_ += asked->size_bytes();
  auto& line = lines_[std::clamp(asked->header().priority, -defaults::highest_priority,
                                 defaults::highest_priority)];
  auto* last = std::exchange(line.last, asked.get());
  (line.first ? last->queue_link().next : line.first) = std::move(asked);
}

std::shared_ptr<call> request_queue::pop() {
  if (size_ == 0) return nullptr;
  const auto from = ++taken_ % defaults::oldest_first_every == 0 ? oldest_line() : next_line();
  auto& first = from->second.first;
  auto taken = std::exchange(first, std::move(first->queue_link().next));
  if (!first && lines_.size() > kept_empty_lines) lines_.erase(from);
  --size_;
  size_bytes_ -= taken->size_bytes();
  return taken;
}

request_queue::lines::iterator request_queue::next_line() {
  return std::find_if(lines_.begin(), lines_.end(),
                      [](const auto& each) { return each.second.first; });
}

request_queue::lines::iterator request_queue::oldest_line() {
  auto oldest = next_line();
  for (auto at = oldest; at != lines_.end(); ++at)
    if (at->second.first &&
        at->second.first->queue_link().arrival < oldest->second.first->queue_link().arrival)
      oldest = at;
  return oldest;
}

} // namespace troupe::runtime
