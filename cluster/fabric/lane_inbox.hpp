#pragma once

#include "cluster/fabric/defaults.hpp"
#include "troupe/v1/fabric.pb.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace troupe::cluster {

/// What became of a parcel's number.
enum class arrival {
  /// It is the next one.
  next,
  /// It was here before.
  repeated,
  /// One before it is missing, or it goes beyond the window.
  out_of_order,
};

struct inbox_bounds {
  std::size_t window_bytes = fabric_defaults::window_bytes;
  std::size_t parcel_bytes = fabric_defaults::parcel_bytes;
  std::size_t receipt_bytes = fabric_defaults::receipt_bytes;
  std::uint64_t receipt_parcels = fabric_defaults::receipt_parcels;
  /// Set aside when the first piece of a parcel is there: a peer that only announces much occupies no more.
  std::size_t reserved_bytes = fabric_defaults::reserved_bytes;
};

/// A `v1::Piece`, whose content lies in the frame that it came in.
struct lane_piece {
  std::uint64_t sequence = 0;
  std::uint64_t total_bytes = 0;
  std::uint64_t offset = 0;
  std::string_view content{};
};

/// One lane that comes in from a peer: takes each number once and in order, puts pieces together, and says how much more
/// may come. One thread at a time.
class lane_inbox {
public:
  explicit lane_inbox(v1::Lane lane, inbox_bounds bounds = {}) : lane_(lane), bounds_(bounds) {}

  [[nodiscard]] arrival admit(std::uint64_t sequence, std::size_t bytes);
  /// Takes a piece. @returns the whole parcel with its last one, which is for `admit` then; false in `ok` where it does not
  /// follow the one before.
  struct taken {
    bool ok = true;
    std::optional<std::string> whole{};
  };
  [[nodiscard]] taken add(const lane_piece& piece);
  /// The link broke: a parcel in pieces begins anew.
  void forget_pieces() { partial_.reset(); }
  /// So many bytes of what came are not kept here any more.
  void served(std::size_t bytes) { served_bytes_ += bytes; }

  /// Whether the peer should hear soon how far it has come.
  [[nodiscard]] bool receipt_due() const;
  /// Whether there is anything new to tell.
  [[nodiscard]] bool receipt_wanted() const {
    return told_sequence_ != received_ || told_served_ != served_bytes_;
  }
  /// As it stands; counts as told.
  [[nodiscard]] v1::Receipt receipt();

private:
  struct partial {
    std::uint64_t sequence = 0;
    std::uint64_t total = 0;
    std::string bytes;
  };

  v1::Lane lane_;
  inbox_bounds bounds_;
  std::uint64_t received_ = 0;
  std::uint64_t received_bytes_ = 0, served_bytes_ = 0;
  std::uint64_t told_sequence_ = 0, told_served_ = 0;
  std::optional<partial> partial_;
};

} // namespace troupe::cluster
