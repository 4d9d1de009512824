#pragma once

#include "actors/scheduling/random_numbers.hpp"
#include "cluster/fabric/transport.hpp"
#include "cluster/testing/internal/event_queue.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>

namespace troupe::cluster::testing {

struct process;

/// What travels on a link.
struct parcel {
  enum class kind : std::uint8_t { request, opened, frame, end };
  kind what{};
  time_point arrives;
  std::string bytes;
  /// Of `end`.
  error why;
};

/// One end of a link, as the process there sees it. Members are guarded by the core's mutex.
class link_side final : public link,
                        public event_target,
                        public std::enable_shared_from_this<link_side> {
public:
  link_side(std::weak_ptr<network_core> core, std::uint64_t number, std::uint64_t seed, host* home,
            host* there)
      : core_(std::move(core)), number(number), at(home), there(there), random(seed) {}

  [[nodiscard]] const link_peer& peer() const override { return peer_; }
  void send(std::string frame) override;
  void close(std::string reason) override;
  void happen(event_kind kind, std::uint32_t epoch) override;

  enum class stage : std::uint8_t {
    /// Not accepted yet, or not known to be.
    opening,
    open,
    /// Closed by its owner, who was not told yet.
    closing,
    closed,
  };

private:
  friend network_core;
  std::weak_ptr<network_core> core_;
  link_peer peer_; // never changed once a listener knows this

public:
  const std::uint64_t number;
  host* const at;
  /// Where the other side is; nullptr where that is nowhere.
  host* const there;
  std::shared_ptr<process> owner;
  std::shared_ptr<link_side> other;
  std::shared_ptr<link_listener> listener;
  /// Where a link is to be opened to; of the side that waits for a request.
  std::string address;
  stage is = stage::opening;
  error verdict;

  // -- what travels to here
  std::deque<parcel> in;
  std::size_t in_bytes = 0;
  time_point last_arrival;
  bool arrival_due = false;
  /// What should have arrived is held back by a partition.
  bool held_back = false;
  /// Something was lost on the way: nothing behind it arrives.
  bool cut_off = false;

  // -- what is sent from here
  scheduling::random_numbers random;
  time_point way_free;
  bool sending = false;
  bool waits_for_window = false;

  // -- what comes of it when nothing comes through
  std::uint32_t silence_epoch = 0;
  bool silent = false;
  /// Will end of silence, whatever heals.
  bool doomed = false;
  /// Ended without a word; the other side is told when it asks.
  bool vanished = false;
};

} // namespace troupe::cluster::testing
