#include "cluster/fabric/lane_outbox.hpp"

#include "cluster/fabric/internal/wire.hpp"

#include <algorithm>
#include <utility>

namespace troupe::cluster {
namespace {

/// Of parcels that share one.
constexpr std::size_t block_bytes = std::size_t{64} << 10;
/// What is larger has a block of its own.
constexpr std::size_t largest_shared = std::size_t{4} << 10;
/// A field's number and length, at most.
constexpr std::size_t most_head_bytes = 16;
/// Of parcels that a lane without any keeps room for.
constexpr std::size_t most_idle_parcels = 1'024;

} // namespace

bool lane_outbox::has_room(std::size_t bytes) const {
  return waiting_parcels() < bounds_.queue_parcels &&
         (waiting_parcels() == 0 || waiting_bytes_ + bytes <= bounds_.queue_bytes);
}

std::uint64_t lane_outbox::push(std::string&& content, bool answer) {
  const std::uint64_t number = first_ + kept_count();
  parcel made = put(std::move(content), number);
  made.start = total_bytes_;
  made.answer = answer;
  total_bytes_ += made.bytes;
  waiting_bytes_ += made.bytes;
  kept_.push_back(made);
  ++blocks_.back().parcels;
  return number;
}

/// The block that the next parcel of so many bytes, with all around it, goes to.
std::string& lane_outbox::room_for(std::size_t bytes) {
  if (!blocks_.empty()) {
    std::string& last = blocks_.back().bytes;
    if (last.capacity() - last.size() >= bytes) return last;
  }
  std::string fresh = std::exchange(spare_, {});
  fresh.reserve(block_bytes);
  return blocks_.emplace_back(block{std::move(fresh), 0}).bytes;
}

lane_outbox::parcel lane_outbox::put(std::string&& content, std::uint64_t number) {
  const std::size_t content_bytes = content.size();
  const auto add_numbers = [&](std::string& to) {
    wire::append_number(to, v1::Parcel::kLaneFieldNumber, static_cast<std::uint64_t>(lane_));
    wire::append_number(to, v1::Parcel::kSequenceFieldNumber, number);
  };
  if (content_bytes > largest_shared) {
    std::string& own = blocks_.emplace_back(block{std::move(content), 0}).bytes;
    add_numbers(own);
    return {own.data(), 0, own.size(), content_bytes};
  }
  std::string numbers;
  add_numbers(numbers);
  const std::size_t bytes = content_bytes + numbers.size();
  std::string& shared = room_for(bytes + most_head_bytes);
  const std::size_t start = shared.size();
  wire::append_length(shared, v1::Frame::kParcelsFieldNumber, bytes);
  const std::size_t head_bytes = shared.size() - start;
  shared += content;
  shared += numbers;
  return {shared.data() + start, head_bytes, bytes, content_bytes};
}

std::vector<lane_outbox::unsent_parcel> lane_outbox::take_unsent() {
  std::vector<unsent_parcel> made;
  for (std::size_t index = next_ + (piece_offset_ > 0 ? 1 : 0); index < kept_count(); ++index)
    if (const parcel& one = kept(index); !one.answer)
      made.push_back({first_ + index, std::string{one.body(), one.content_bytes}});
  *this = lane_outbox{lane_, bounds_};
  return made;
}

bool lane_outbox::has_sendable() const {
  return next_ < kept_count() && (piece_offset_ > 0 || may_begin(kept(next_)));
}

void lane_outbox::sent_next() {
  waiting_bytes_ -= kept(next_).bytes;
  piece_offset_ = 0;
  ++next_;
}

/// Lets go of the first parcel, and of its block with the last of it.
void lane_outbox::drop_first() {
  block& first = blocks_.front();
  if (--first.parcels == 0) {
    if (first.bytes.capacity() == block_bytes) {
      first.bytes.clear();
      spare_ = std::move(first.bytes);
    }
    blocks_.pop_front();
  }
  ++first_;
  if (++gone_ * 2 < kept_.size()) return; // moved now and then, not each time
  kept_.erase(kept_.begin(), kept_.begin() + static_cast<std::ptrdiff_t>(gone_));
  gone_ = 0;
  if (kept_.empty() && kept_.capacity() > most_idle_parcels) kept_.shrink_to_fit();
}

/// Written by hand: what is in it is copied once.
void lane_outbox::add_piece(const parcel& one, std::string& frame) {
  const std::size_t size = std::min(bounds_.frame_bytes, one.bytes - piece_offset_);
  std::string head;
  wire::append_number(head, v1::Piece::kLaneFieldNumber, static_cast<std::uint64_t>(lane_));
  wire::append_number(head, v1::Piece::kSequenceFieldNumber, first_ + next_);
  wire::append_number(head, v1::Piece::kTotalBytesFieldNumber, one.bytes);
  wire::append_number(head, v1::Piece::kOffsetFieldNumber, piece_offset_);
  wire::append_length(head, v1::Piece::kContentFieldNumber, size);
  frame.reserve(frame.size() + head.size() + size + most_head_bytes);
  wire::append_length(frame, v1::Frame::kPieceFieldNumber, head.size() + size);
  frame += head;
  frame.append(one.body() + piece_offset_, size);
  piece_offset_ += size;
}

bool lane_outbox::fill(std::string& frame) {
  const std::size_t before = frame.size();
  for (std::size_t count = 0; has_sendable() && count < bounds_.frame_parcels; ++count) {
    const parcel& one = kept(next_);
    const bool alone = one.bytes > bounds_.frame_bytes;
    const std::size_t added = frame.size() - before;
    if (added > 0 && (alone || added + one.bytes > bounds_.frame_bytes)) break;
    if (alone) {
      add_piece(one, frame);
      if (piece_offset_ == one.bytes) sent_next();
      break;
    }
    if (added == 0)
      frame.reserve(before + std::min(waiting_bytes_ + waiting_bytes_ / 8, bounds_.frame_bytes) +
                    most_head_bytes);
    if (one.head_bytes == 0) wire::append_length(frame, v1::Frame::kParcelsFieldNumber, one.bytes);
    frame.append(one.framed, one.head_bytes + one.bytes);
    sent_next();
  }
  return frame.size() > before;
}

bool lane_outbox::acknowledge(std::uint64_t sequence, std::uint64_t limit_bytes) {
  if (sequence >= first_ + next_) return false;
  for (; first_ <= sequence; --next_)
    drop_first();
  limit_bytes_ = std::max(limit_bytes_, limit_bytes);
  return true;
}

bool lane_outbox::resume(std::uint64_t received, std::uint64_t limit_bytes) {
  if (received >= first_ + kept_count()) return false;
  // What it said may be older than what it has said since, on another link.
  received = std::max(received, first_ - 1);
  while (first_ <= received) {
    if (next_ > 0)
      --next_;
    else
      waiting_bytes_ -= kept(0).bytes; // its last piece was under way when the link broke
    drop_first();
  }
  for (std::size_t index = 0; index < next_; ++index)
    waiting_bytes_ += kept(index).bytes;
  next_ = 0;
  piece_offset_ = 0;
  limit_bytes_ = std::max(limit_bytes_, limit_bytes);
  return true;
}

} // namespace troupe::cluster
