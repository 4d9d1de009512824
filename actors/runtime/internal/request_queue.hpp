#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>

namespace troupe::runtime {

class call;

/// The place of a call in a `request_queue`.
struct queue_link {
  std::shared_ptr<call> next;
  std::uint64_t arrival = 0;
};

/// Requests that wait at one agent. Higher priority goes first, in order of arrival within a priority. Every
/// `defaults::oldest_first_every`-th that is taken is the oldest of all, whatever its priority, so that a stream of
/// urgent requests slows others down and never starves them. Calls are linked, not copied into nodes: pushing and
/// taking allocate nothing in the steady state. One thread at a time.
class request_queue {
public:
  request_queue() = default;
  ~request_queue();
  request_queue(const request_queue&) = delete;
  request_queue& operator=(const request_queue&) = delete;

  /// A call is in one queue at a time. Priorities beyond +-`defaults::highest_priority` count as that.
  void push(std::shared_ptr<call> asked);
  /// @returns nullptr when empty.
  [[nodiscard]] std::shared_ptr<call> pop();
  [[nodiscard]] std::size_t size() const { return size_; }
  /// Of the payloads, see `call::size_bytes`.
  [[nodiscard]] std::size_t size_bytes() const { return size_bytes_; }

private:
  /// The requests of one priority, oldest first.
  struct line {
    std::shared_ptr<call> first;
    call* last = nullptr;
  };
  using lines = std::map<std::int32_t, line, std::greater<>>;

  lines::iterator next_line();
  lines::iterator oldest_line();

  /// Some empty lines are kept for the next request of their priority.
  lines lines_;
  std::size_t size_ = 0, size_bytes_ = 0;
  std::uint64_t arrived_ = 0, taken_ = 0;
};

} // namespace troupe::runtime
