#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

namespace troupe::workflow {

/// A queue that holds nothing while it is empty: a std::deque takes half a kilobyte, and a run that waits has several.
template <class T>
class fifo {
public:
  [[nodiscard]] bool empty() const { return first_ == items_.size(); }
  [[nodiscard]] std::size_t size() const { return items_.size() - first_; }
  [[nodiscard]] T& front() { return items_[first_]; }
  template <class... Parts>
  void emplace_back(Parts&&... parts) {
    items_.emplace_back(std::forward<Parts>(parts)...);
  }
  void push_back(T item) { items_.push_back(std::move(item)); }
  void pop_front() {
    items_[first_++] = T{};
    // What was taken is let go of once it is the larger part: constant time on average.
    if (first_ * 2 < items_.size()) return;
    items_.erase(items_.begin(), items_.begin() + static_cast<std::ptrdiff_t>(first_));
    first_ = 0;
    if (items_.empty()) std::vector<T>{}.swap(items_);
  }
  /// All that equal it.
  void remove(const T& item) {
    items_.erase(
        std::remove(items_.begin() + static_cast<std::ptrdiff_t>(first_), items_.end(), item),
        items_.end());
  }
  /// Before all that is there, in the order given.
  template <class Range>
  void prepend(const Range& those) {
    items_.insert(items_.begin() + static_cast<std::ptrdiff_t>(first_), those.begin(), those.end());
  }

private:
  std::vector<T> items_;
  std::size_t first_ = 0;
};

} // namespace troupe::workflow
