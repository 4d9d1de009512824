#include "cluster/fabric/internal/session.hpp"

#include "cluster/fabric/internal/fabric_core.hpp"
#include "cluster/fabric/internal/wire.hpp"

#include <utility>

// What a session sends, and what becomes due with time. Links: session_links.cpp; what comes in: session_serving.cpp.
namespace troupe::cluster {
namespace {

v1::Lane lane_for(const agent_name& target) {
  return target.type.starts_with("cluster.") ? v1::LANE_CONTROL : v1::LANE_WORK;
}

std::chrono::milliseconds time_left(const envelope_header& header, timer& clock) {
  return std::chrono::ceil<std::chrono::milliseconds>(header.deadline - clock.wall_now());
}

} // namespace

fabric_peer session::state() const {
  std::lock_guard lock{mutex_};
  fabric_peer made{node_, address_, who_->roles,  incarnation_, link_ != nullptr,
                   0,     0,        asked_.size()};
  for (const lane_state& each : lanes_) {
    made.waiting_messages += each.out.waiting_parcels();
    made.waiting_bytes += each.out.waiting_bytes();
  }
  return made;
}

bool session::is_member() const {
  std::lock_guard lock{mutex_};
  return incarnation_ > 0;
}

void session::set_address(const std::string& address) {
  std::lock_guard lock{mutex_};
  address_ = address;
}

std::optional<failure> session::send(const message_ptr& payload,
                                     std::shared_ptr<const call_context> context, responder respond,
                                     bool one_way) {
  const envelope_header& header = context->header();
  const v1::Lane which = lane_for(header.target);
  // What is small is copied from here, so the next one finds the room.
  thread_local std::string encoded;
  const auto written = encode_request({header, *payload, one_way, context->attempt(),
                                       one_way ? nullptr : context->last_heartbeat(),
                                       time_left(header, core_->clock())},
                                      encoded);
  if (!written) return failure{"fabric.bad_message", written.error().message(), false};
  bool dial = false;
  {
    std::lock_guard lock{mutex_};
    if (core_->stopped()) return failure{"fabric.stopped", "the fabric stops", false};
    lane_outbox& out = lane(which).out;
    if (!link_ && !dialling_ && address_.empty())
      return failure{"fabric.unknown_node",
                     "nobody has said where node " + node_ + " is, and it has no link open", true};
    if (!out.has_room(encoded.size())) {
      fabric_counters::add(core_->counters.refused_full);
      return failure{"fabric.node_full",
                     std::to_string(out.waiting_parcels()) + " messages (" +
                         std::to_string(out.waiting_bytes()) + " bytes) wait for node " + node_ +
                         " already; try again later",
                     true};
    }
    const std::uint64_t sequence = out.push(std::move(encoded));
    fabric_counters::add(core_->counters.messages_sent);
    if (!one_way)
      asked_.emplace(key_of(which, sequence), asked{std::move(context), std::move(respond)});
    if (!writing_) pump();
    dial = !link_ && !dialling_;
  }
  if (dial) core_->dial(shared_from_this());
  core_->want_sweep();
  return std::nullopt;
}

/// Hands a frame to the link, if it takes one and there is anything. Called with the lock held.
void session::pump() {
  if (!link_ || writing_) return;
  std::string frame = std::exchange(urgent_, {});
  // A large one cannot be followed by anything else of its lane in this frame, but the other lane's may go beside it.
  for (lane_state& each : lanes_)
    each.out.fill(frame);
  append_receipts(frame, !frame.empty());
  if (frame.empty()) return;
  writing_ = true;
  fabric_counters::add(core_->counters.frames_sent);
  fabric_counters::add(core_->counters.bytes_sent, frame.size());
  link_->send(std::move(frame));
}

/// @param all also those that are not due: there is a frame that takes them along.
void session::append_receipts(std::string& frame, bool all) {
  for (lane_state& each : lanes_)
    if (all ? each.in.receipt_wanted() : each.in.receipt_due())
      wire::append_message(frame, v1::Frame::kReceiptsFieldNumber, each.in.receipt());
}

void session::sent(const link& of) {
  std::lock_guard lock{mutex_};
  if (link_.get() != &of) return;
  writing_ = false;
  pump();
}

void session::answer(const served_key& which, std::size_t bytes, const reply<message_ptr>& given) {
  // The message is written without the lock; whoever asked may be gone when it is done.
  thread_local std::string encoded;
  encode_answer(which.sequence, given, encoded);
  std::lock_guard lock{mutex_};
  if (which.life != life_ || served_.erase(key_of(which.lane, which.sequence)) == 0) return;
  lane_state& in_lane = lane(which.lane);
  in_lane.in.served(bytes);
  in_lane.out.push(std::move(encoded), true);
  fabric_counters::add(core_->counters.messages_sent);
  if (!writing_) pump();
}

void session::send_pulse(const served_key& which, const message_ptr& details) {
  v1::Pulse pulse;
  pulse.set_lane(which.lane);
  pulse.set_sequence(which.sequence);
  if (details) pulse.mutable_details()->PackFrom(*details);
  std::lock_guard lock{mutex_};
  if (!link_ || which.life != life_ || !served_.contains(key_of(which.lane, which.sequence)))
    return;
  wire::append_message(urgent_, v1::Frame::kPulsesFieldNumber, pulse);
  if (!writing_) pump();
}

/// Tells the peer of requests whose answers are not wanted any more, or whose place somebody needs.
void session::interrupt_unwanted() {
  for (auto& [key, one] : asked_) {
    const call_context& context = *one.context;
    const std::array now{context.cancelled(), context.abandoned(), context.preempted()};
    if (now == one.told) continue;
    one.told = now;
    v1::Interrupt said;
    said.set_lane(lane_of(key));
    said.set_sequence(key >> 1);
    said.set_cancelled(now[0]);
    said.set_abandoned(now[1]);
    said.set_preempted(now[2]);
    wire::append_message(urgent_, v1::Frame::kInterruptsFieldNumber, said);
  }
}

bool session::wants_sweep() const {
  if (!asked_.empty() || !served_.empty()) return true;
  for (const lane_state& each : lanes_)
    if (!each.out.empty() || each.in.receipt_wanted()) return true;
  return false;
}

bool session::sweep(std::chrono::steady_clock::time_point now) {
  bool dial = false, again = false, too_long = false;
  {
    std::lock_guard lock{mutex_};
    again = wants_sweep();
    if (link_) {
      interrupt_unwanted();
      for (lane_state& each : lanes_)
        if (each.in.receipt_wanted())
          wire::append_message(urgent_, v1::Frame::kReceiptsFieldNumber, each.in.receipt());
      if (!writing_) pump();
    } else {
      too_long = again && now - down_since_ >= core_->options().patience;
      dial = again && !dialling_ && !address_.empty() && now >= next_dial_;
    }
  }
  if (too_long)
    lose({"fabric.unreachable",
          "node " + node_ + " could not be reached for " +
              std::to_string(core_->options().patience.count()) + " ms",
          true});
  else if (dial)
    core_->dial(shared_from_this());
  return again;
}

} // namespace troupe::cluster
