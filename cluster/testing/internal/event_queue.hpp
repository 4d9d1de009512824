#pragma once

#include "actors/runtime/timer.hpp"

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace troupe::cluster::testing {

class network_core;
struct host;

using time_point = timer::clock::time_point;

enum class event_kind : std::uint8_t {
  /// The first parcel that is on its way to a side has arrived.
  arrival,
  /// A frame was taken by the network.
  sent,
  /// A side closes for the reason that it keeps.
  close,
  /// Nothing came through for too long.
  silence,
  /// A link should be open by now.
  handshake,
  /// A task of a node's clock is due, or of the network itself.
  task,
};

/// Whom events happen to.
class event_target {
public:
  virtual ~event_target() = default;
  /// @param epoch as it was scheduled with: whoever it concerns no more looks away.
  virtual void happen(event_kind kind, std::uint32_t epoch) = 0;
};

struct event {
  time_point when;
  /// Of two at one moment the earlier scheduled is first.
  std::uint64_t order = 0;
  event_kind kind{};
  std::uint32_t epoch = 0;
  /// Where it happens: while this node is paused, it waits. nullptr: nowhere, so nothing holds it back.
  host* where = nullptr;
  std::shared_ptr<event_target> to;
};

/// What will happen, by time. The caller locks.
class event_queue {
public:
  void push(event added);
  [[nodiscard]] bool empty() const { return heap_.empty(); }
  [[nodiscard]] time_point next() const { return heap_.front().when; }
  [[nodiscard]] event pop();
  /// Forgets everything. @returns it, to end outside the lock.
  [[nodiscard]] std::vector<event> clear() { return std::move(heap_); }

private:
  std::vector<event> heap_;
  std::uint64_t pushed_ = 0;
};

} // namespace troupe::cluster::testing
