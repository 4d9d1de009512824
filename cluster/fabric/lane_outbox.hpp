#pragma once

#include "cluster/fabric/defaults.hpp"
#include "troupe/v1/fabric.pb.h"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

namespace troupe::cluster {

/// How much of one lane may wait for a peer.
struct outbox_bounds {
  std::size_t queue_bytes = fabric_defaults::queue_bytes;
  std::size_t queue_parcels = fabric_defaults::queue_parcels;
  std::size_t frame_bytes = fabric_defaults::frame_bytes;
  std::size_t frame_parcels = fabric_defaults::frame_parcels;
};

/// One lane on its way to a peer: numbers parcels, keeps them until they have arrived, and puts into frames what the peer's
/// window lets through. When a link breaks, the next one goes on where the peer says it stands: nothing is lost between two
/// processes that live, and nothing arrives twice. One thread at a time.
class lane_outbox {
public:
  explicit lane_outbox(v1::Lane lane, outbox_bounds bounds = {}) : lane_(lane), bounds_(bounds) {}
  lane_outbox(lane_outbox&&) = default;
  lane_outbox& operator=(lane_outbox&&) = default;
  ~lane_outbox() = default;

  /// Whether so many bytes more may wait.
  [[nodiscard]] bool has_room(std::size_t bytes) const;
  /// Adds a serialised `v1::Parcel` without lane and number. @returns its number.
  /// @param parcel kept as it is where it is large, else copied and left as it was: it may have been written into memory that
  ///   the caller writes the next one into.
  /// @param answer whether it answers the process that is at the other end now.
  std::uint64_t push(std::string&& parcel, bool answer = false);
  /// What nothing was sent of, and is no answer: for a lane that begins anew.
  struct unsent_parcel {
    /// The number that it had.
    std::uint64_t sequence = 0;
    std::string body;
  };
  [[nodiscard]] std::vector<unsent_parcel> take_unsent();
  /// Appends what may go now to a frame of `v1::Frame` in wire form. @returns whether there was anything.
  bool fill(std::string& frame);
  /// Whether `fill` would add anything.
  [[nodiscard]] bool has_sendable() const;
  /// The peer has all up to `sequence`, and its window ends at `limit_bytes`.
  /// @returns false where it cannot be: a number that was not sent.
  [[nodiscard]] bool acknowledge(std::uint64_t sequence, std::uint64_t limit_bytes);
  /// A new link: sends again what the peer does not have.
  /// @param received as the peer said when it opened the link; it may have acknowledged more since, on another one.
  /// @returns false where the peer says that it has what was never sent.
  [[nodiscard]] bool resume(std::uint64_t received, std::uint64_t limit_bytes);

  [[nodiscard]] bool empty() const { return kept_count() == 0; }
  [[nodiscard]] std::size_t waiting_bytes() const { return waiting_bytes_; }
  [[nodiscard]] std::size_t waiting_parcels() const { return kept_count() - next_; }

private:
  /// Parcels one behind the other as a frame has them, or a large one alone, with nothing around it. What is in it stays
  /// where it is.
  struct block {
    std::string bytes;
    /// Parcels of it that are kept.
    std::size_t parcels = 0;
  };
  struct parcel {
    /// With what a frame has before it.
    const char* framed = nullptr;
    std::size_t head_bytes = 0;
    /// Of the parcel itself, and without lane and number.
    std::size_t bytes = 0, content_bytes = 0;
    /// Of all bytes of the lane, where it begins.
    std::uint64_t start = 0;
    bool answer = false;

    [[nodiscard]] const char* body() const { return framed + head_bytes; }
  };
  [[nodiscard]] bool may_begin(const parcel& one) const { return one.start < limit_bytes_; }
  [[nodiscard]] parcel& kept(std::size_t index) { return kept_[gone_ + index]; }
  [[nodiscard]] const parcel& kept(std::size_t index) const { return kept_[gone_ + index]; }
  [[nodiscard]] std::size_t kept_count() const { return kept_.size() - gone_; }
  [[nodiscard]] std::string& room_for(std::size_t bytes);
  [[nodiscard]] parcel put(std::string&& content, std::uint64_t number);
  void add_piece(const parcel& one, std::string& frame);
  void sent_next();
  void drop_first();

  v1::Lane lane_;
  outbox_bounds bounds_;
  std::deque<block> blocks_;
  /// One that was let go, for the next.
  std::string spare_;
  /// From `gone_` on: sent and not acknowledged, then those that wait from index `next_` on.
  std::vector<parcel> kept_;
  std::size_t gone_ = 0;
  std::size_t next_ = 0;
  /// Number of the first that is kept.
  std::uint64_t first_ = 1;
  /// Of the parcel at `next_`, how much has gone in pieces.
  std::size_t piece_offset_ = 0;
  std::uint64_t total_bytes_ = 0;
  std::uint64_t limit_bytes_ = 0;
  std::size_t waiting_bytes_ = 0;
};

} // namespace troupe::cluster
