#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <utility>

namespace troupe::runtime {

class call;

/// Requests that wait at one agent: higher priority first, then in order of arrival. One thread.
class request_queue {
public:
  void push(std::int32_t priority, std::shared_ptr<call> asked) {
    waiting_.emplace(priority, std::move(asked));
  }
  /// Not when empty.
  [[nodiscard]] std::shared_ptr<call> pop() {
    return std::move(waiting_.extract(waiting_.begin()).mapped());
  }
  [[nodiscard]] bool empty() const { return waiting_.empty(); }

private:
  // A multimap keeps the order of arrival among equals.
  std::multimap<std::int32_t, std::shared_ptr<call>, std::greater<>> waiting_;
};

} // namespace troupe::runtime
