#include "cluster/testing/internal/event_queue.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

namespace troupe::cluster::testing {
namespace {

bool happens_later(const event& a, const event& b) {
  return std::tie(a.when, a.order) > std::tie(b.when, b.order);
}

} // namespace

void event_queue::push(event added) {
  added.order = ++pushed_;
  heap_.push_back(std::move(added));
  std::push_heap(heap_.begin(), heap_.end(), happens_later);
}

event event_queue::pop() {
  std::pop_heap(heap_.begin(), heap_.end(), happens_later);
  auto first = std::move(heap_.back());
  heap_.pop_back();
  return first;
}

} // namespace troupe::cluster::testing
