#include "cluster/fabric/lane_inbox.hpp"

#include <algorithm>
#include <utility>

namespace troupe::cluster {

arrival lane_inbox::admit(std::uint64_t sequence, std::size_t bytes) {
  if (sequence <= received_) return arrival::repeated;
  // One parcel may begin while there is any window left, so that one larger than the window gets through.
  if (sequence != received_ + 1 || received_bytes_ >= served_bytes_ + bounds_.window_bytes)
    return arrival::out_of_order;
  received_ = sequence;
  received_bytes_ += bytes;
  return arrival::next;
}

lane_inbox::taken lane_inbox::add(const lane_piece& piece) {
  if (!partial_) {
    if (piece.offset != 0 || piece.total_bytes > bounds_.parcel_bytes ||
        received_bytes_ >= served_bytes_ + bounds_.window_bytes)
      return {false};
    partial_.emplace(partial{piece.sequence, piece.total_bytes, {}});
    partial_->bytes.reserve(std::min<std::uint64_t>(piece.total_bytes, bounds_.reserved_bytes));
  }
  partial& one = *partial_;
  if (piece.sequence != one.sequence || piece.total_bytes != one.total ||
      piece.offset != one.bytes.size() || piece.content.empty() ||
      piece.content.size() > one.total - one.bytes.size())
    return {false};
  one.bytes += piece.content;
  if (one.bytes.size() < one.total) return {};
  taken made{true, std::move(one.bytes)};
  partial_.reset();
  return made;
}

bool lane_inbox::receipt_due() const {
  return received_ - told_sequence_ >= bounds_.receipt_parcels ||
         served_bytes_ - told_served_ >= bounds_.receipt_bytes;
}

v1::Receipt lane_inbox::receipt() {
  told_sequence_ = received_;
  told_served_ = served_bytes_;
  v1::Receipt made;
  made.set_lane(lane_);
  made.set_sequence(received_);
  made.set_limit_bytes(served_bytes_ + bounds_.window_bytes);
  return made;
}

} // namespace troupe::cluster
