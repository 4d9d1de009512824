#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

namespace troupe::runtime {

/// The place of one waiting thing in a `timer_queue`, which links it without owning it.
struct timer_node {
  std::chrono::steady_clock::time_point due{};
  std::uint64_t order = 0;
  timer_node* previous = nullptr;
  timer_node* next = nullptr;
};

/// Nodes by due time, made for the common case that nearly all are removed before they are due:
/// inserting behind the latest and removing cost no allocation and no search. Nodes are kept in
/// buckets of one `defaults::timer_step`, sorted only when their time has come. Pure data
/// structure; the caller locks.
class timer_queue {
public:
  using time_point = std::chrono::steady_clock::time_point;

  timer_queue() = default;
  timer_queue(const timer_queue&) = delete;
  timer_queue& operator=(const timer_queue&) = delete;

  /// `node` must not be in a queue and stays valid until it is removed or taken.
  void insert(timer_node& node, time_point due);
  /// @returns false when `node` is not in the queue.
  bool remove(timer_node& node);
  /// Removes what is due at `now`, in order of due time and then of insertion.
  [[nodiscard]] std::vector<timer_node*> take_due(time_point now);
  /// The earliest due time. Walks one bucket.
  [[nodiscard]] std::optional<time_point> next_due() const;
  [[nodiscard]] std::size_t size() const { return size_; }

private:
  /// Ring of nodes through a sentinel. std::map keeps it in place.
  struct bucket {
    bucket() { ring.previous = ring.next = &ring; }
    bucket(const bucket&) = delete;
    bucket& operator=(const bucket&) = delete;
    [[nodiscard]] bool empty() const { return ring.next == &ring; }
    timer_node ring;
  };

  bucket& bucket_for(std::int64_t step);
  void unlink(timer_node& node);

  std::map<std::int64_t, bucket> buckets_;
  std::uint64_t inserted_ = 0;
  std::size_t size_ = 0;
};

} // namespace troupe::runtime
