#include "cluster/fabric/lane_outbox.hpp"

#include "cluster/fabric/internal/wire.hpp"

#include <algorithm>
#include <utility>

namespace troupe::cluster {

bool lane_outbox::has_room(std::size_t bytes) const {
  return waiting_parcels() < bounds_.queue_parcels &&
         (waiting_parcels() == 0 || waiting_bytes_ + bytes <= bounds_.queue_bytes);
}

std::uint64_t lane_outbox::push(std::string parcel, bool answer) {
  const std::uint64_t number = first_ + kept_.size();
  const std::size_t content_bytes = parcel.size();
  wire::append_number(parcel, v1::Parcel::kLaneFieldNumber, static_cast<std::uint64_t>(lane_));
  wire::append_number(parcel, v1::Parcel::kSequenceFieldNumber, number);
  const std::size_t size = parcel.size();
  kept_.push_back({std::move(parcel), total_bytes_, content_bytes, answer});
  total_bytes_ += size;
  waiting_bytes_ += size;
  return number;
}

std::vector<lane_outbox::unsent_parcel> lane_outbox::take_unsent() {
  std::vector<unsent_parcel> made;
  for (std::size_t index = next_ + (piece_offset_ > 0 ? 1 : 0); index < kept_.size(); ++index) {
    parcel& one = kept_[index];
    if (one.answer) continue;
    one.body.resize(one.content_bytes);
    made.push_back({first_ + index, std::move(one.body)});
  }
  *this = lane_outbox{lane_, bounds_};
  return made;
}

bool lane_outbox::has_sendable() const {
  return next_ < kept_.size() && (piece_offset_ > 0 || may_begin(kept_[next_]));
}

void lane_outbox::sent_next() {
  waiting_bytes_ -= kept_[next_].body.size();
  piece_offset_ = 0;
  ++next_;
}

void lane_outbox::add_whole(const parcel& one, std::string& frame) const {
  wire::append_bytes(frame, v1::Frame::kParcelsFieldNumber, one.body);
}

/// @returns whether it was the last one.
bool lane_outbox::add_piece(const parcel& one, std::string& frame) {
  v1::Piece piece;
  const std::size_t size = std::min(bounds_.frame_bytes, one.body.size() - piece_offset_);
  piece.set_lane(lane_);
  piece.set_sequence(first_ + next_);
  piece.set_total_bytes(one.body.size());
  piece.set_offset(piece_offset_);
  piece.set_content(one.body.data() + piece_offset_, size);
  wire::append_message(frame, v1::Frame::kPieceFieldNumber, piece);
  piece_offset_ += size;
  return piece_offset_ == one.body.size();
}

bool lane_outbox::fill(std::string& frame) {
  const std::size_t before = frame.size();
  for (std::size_t count = 0; has_sendable() && count < bounds_.frame_parcels; ++count) {
    const parcel& one = kept_[next_];
    const bool alone = one.body.size() > bounds_.frame_bytes;
    const std::size_t added = frame.size() - before;
    if (added > 0 && (alone || added + one.body.size() > bounds_.frame_bytes)) break;
    if (alone) {
      if (add_piece(one, frame)) sent_next();
      break;
    }
    add_whole(one, frame);
    sent_next();
  }
  return frame.size() > before;
}

bool lane_outbox::acknowledge(std::uint64_t sequence, std::uint64_t limit_bytes) {
  if (sequence >= first_ + next_) return false;
  for (; first_ <= sequence; ++first_, --next_)
    kept_.pop_front();
  limit_bytes_ = std::max(limit_bytes_, limit_bytes);
  return true;
}

bool lane_outbox::resume(std::uint64_t received, std::uint64_t limit_bytes) {
  if (received >= first_ + kept_.size()) return false;
  // What it said may be older than what it has said since, on another link.
  received = std::max(received, first_ - 1);
  for (; first_ <= received; ++first_) {
    if (next_ > 0)
      --next_;
    else
      waiting_bytes_ -=
          kept_.front().body.size(); // its last piece was under way when the link broke
    kept_.pop_front();
  }
  for (std::size_t index = 0; index < next_; ++index)
    waiting_bytes_ += kept_[index].body.size();
  next_ = 0;
  piece_offset_ = 0;
  limit_bytes_ = std::max(limit_bytes_, limit_bytes);
  return true;
}

} // namespace troupe::cluster
