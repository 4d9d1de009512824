#include "actors/runtime/envelope_codec.hpp"
#include "cluster/fabric/internal/fabric_core.hpp"
#include "cluster/fabric/internal/session.hpp"
#include "cluster/fabric/internal/wire.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <utility>

// What comes in from a peer.
namespace troupe::cluster {
namespace {

using wire::WireFormatLite;

farewell broken(std::string how) {
  return {v1::GOODBYE_REASON_BAD_PEER, std::move(how)};
}

/// Of a frame what comes often, as it lies there; all else in wire form.
struct frame_parts {
  std::string_view piece{};
  std::string others{};
};

/// Calls `take(bytes)` with each parcel of a frame in wire form, and gives `rest` all else of it.
template <class Take>
std::optional<farewell> split_frame(std::string_view frame, frame_parts& rest, Take&& take) {
  std::optional<farewell> why;
  const bool read = wire::for_each_field(frame, [&](const wire::field& one) {
    if (one.type != WireFormatLite::WIRETYPE_LENGTH_DELIMITED)
      rest.others.append(one.whole);
    else if (one.number == v1::Frame::kParcelsFieldNumber)
      why = take(one.content);
    else if (one.number == v1::Frame::kPieceFieldNumber)
      rest.piece = one.content;
    else
      rest.others.append(one.whole);
    return !why;
  });
  if (why || read) return why;
  return broken("a frame that cannot be read");
}

bool read_piece(std::string_view bytes, std::uint64_t& lane, lane_piece& into) {
  return wire::for_each_field(bytes, [&](const wire::field& one) {
    switch (one.number) {
    case v1::Piece::kLaneFieldNumber:
      return one.read(lane);
    case v1::Piece::kSequenceFieldNumber:
      return one.read(into.sequence);
    case v1::Piece::kTotalBytesFieldNumber:
      return one.read(into.total_bytes);
    case v1::Piece::kOffsetFieldNumber:
      return one.read(into.offset);
    case v1::Piece::kContentFieldNumber:
      return one.read(into.content);
    default:
      return true; // of a later release
    }
  });
}

} // namespace

std::optional<farewell> session::take_frame(const link& of, std::string_view frame) {
  fabric_counters::add(core_->counters.frames_received);
  fabric_counters::add(core_->counters.bytes_received, frame.size());
  const sender_now from = sender(of);
  frame_parts parts;
  std::array<std::size_t, 2> served{};
  auto broke = split_frame(
      frame, parts, [&](std::string_view bytes) { return take_parcel(bytes, from, served); });
  v1::Frame rest;
  if (!broke && !parts.others.empty() && !rest.ParseFromString(parts.others))
    broke = broken("a frame that cannot be read");
  if (!broke && parts.piece.data()) broke = take_piece(parts.piece, from, served);
  give_back(served);
  if (broke) return broke;
  if (rest.has_hello()) return broken("a second hello");
  for (const v1::Receipt& each : rest.receipts())
    if (auto why = take_receipt(of, each)) return why;
  for (const v1::Pulse& each : rest.pulses())
    take_pulse(each);
  for (const v1::Interrupt& each : rest.interrupts())
    take_interrupt(each);
  {
    // What is due goes with what is sent next, or by itself.
    std::lock_guard lock{mutex_};
    if (!writing_) pump();
  }
  core_->want_sweep();
  if (rest.has_goodbye())
    return farewell{v1::GOODBYE_REASON_UNSPECIFIED,
                    "it said good-bye: " + rest.goodbye().message()};
  return std::nullopt;
}

session::sender_now session::sender(const link& over) const {
  std::lock_guard lock{mutex_};
  return {&over, who_, incarnation_ > 0, core_->clock().wall_now(), life_};
}

/// @param served bytes that are not kept here any more, by lane: to be given back.
std::optional<farewell> session::take_parcel(std::string_view bytes, const sender_now& from,
                                             std::array<std::size_t, 2>& served) {
  // Its texts have room for the next one's.
  thread_local incoming_parcel kept;
  incoming_parcel* const parcel = &kept;
  if (auto decoded = decode_parcel(bytes, from.at, *parcel); !decoded)
    return broken(decoded.error().message());
  {
    std::lock_guard lock{mutex_};
    // Another link has taken the place of this one: what is on it comes there again.
    if (link_.get() != from.over) return std::nullopt;
    switch (lane(parcel->lane).in.admit(parcel->sequence, bytes.size())) {
    case arrival::next:
      break;
    case arrival::repeated:
      fabric_counters::add(core_->counters.repeated);
      spdlog::warn("fabric: node {} repeated message {}; it is dropped", node_, parcel->sequence);
      return std::nullopt;
    case arrival::out_of_order:
      return broken(
          fmt::format("message {} is not the next one, or beyond the window", parcel->sequence));
    }
  }
  fabric_counters::add(core_->counters.messages_received);
  if (parcel->answers > 0) {
    take_answer(std::move(*parcel), bytes.size());
  } else {
    if (parcel->one_way) served.at(index_of(parcel->lane)) += bytes.size();
    serve(std::move(*parcel), bytes.size(), from);
  }
  return std::nullopt;
}

std::optional<farewell> session::take_piece(std::string_view bytes, const sender_now& from,
                                            std::array<std::size_t, 2>& served) {
  std::uint64_t which = 0;
  lane_piece piece;
  if (!read_piece(bytes, which, piece)) return broken("a piece that cannot be read");
  if (which != v1::LANE_CONTROL && which != v1::LANE_WORK) return broken("a piece of no lane");
  lane_inbox::taken taken;
  {
    std::lock_guard lock{mutex_};
    if (link_.get() != from.over) return std::nullopt;
    taken = lane(static_cast<v1::Lane>(which)).in.add(piece);
  }
  if (!taken.ok) return broken("a piece that does not follow the one before");
  return taken.whole ? take_parcel(*taken.whole, from, served) : std::nullopt;
}

std::optional<farewell> session::take_receipt(const link& of, const v1::Receipt& said) {
  if (said.lane() != v1::LANE_CONTROL && said.lane() != v1::LANE_WORK)
    return broken("a receipt of no lane");
  std::lock_guard lock{mutex_};
  if (link_.get() != &of) return std::nullopt;
  if (!lane(said.lane()).out.acknowledge(said.sequence(), said.limit_bytes()))
    return broken("a receipt for what was not sent");
  if (!writing_) pump();
  return std::nullopt;
}

void session::take_pulse(const v1::Pulse& said) {
  std::shared_ptr<const call_context> context;
  {
    std::lock_guard lock{mutex_};
    const auto found = asked_.find(key_of(said.lane(), said.sequence()));
    if (found == asked_.end()) return;
    context = found->second.context;
  }
  if (!said.has_details()) return context->heartbeat();
  auto details = decode_payload({said.details().type_url(), said.details().value()});
  details ? static_cast<void>(context->heartbeat(std::move(*details))) : context->heartbeat();
}

void session::take_interrupt(const v1::Interrupt& said) {
  std::lock_guard lock{mutex_};
  const auto found = served_.find(key_of(said.lane(), said.sequence()));
  if (found != served_.end()) found->second->take(said);
}

void session::take_answer(incoming_parcel&& answer, std::size_t bytes) {
  responder respond;
  {
    std::lock_guard lock{mutex_};
    lane(answer.lane).in.served(bytes);
    const auto found = asked_.find(key_of(answer.lane, answer.answers));
    if (found == asked_.end()) return; // nobody waits any more
    respond = std::move(found->second.respond);
    asked_.erase(found);
  }
  respond(answer_of(std::move(answer)));
}

void session::give_back(const std::array<std::size_t, 2>& served) {
  if (served[0] + served[1] == 0) return;
  std::lock_guard lock{mutex_};
  for (std::size_t index = 0; index < lanes_.size(); ++index)
    lanes_[index].in.served(served[index]);
}

/// @returns false where the session has begun anew meanwhile: nobody waits for the answer.
bool session::keep_served(const served_key& which, std::shared_ptr<remote_pulse> pulse) {
  std::lock_guard lock{mutex_};
  if (which.life != life_) return false;
  served_.emplace(key_of(which.lane, which.sequence), std::move(pulse));
  return true;
}

void session::refuse(const incoming_parcel& request, std::size_t bytes, failure why,
                     std::uint64_t life) {
  if (request.one_way) return;
  const served_key which{life, request.lane, request.sequence};
  if (keep_served(which, std::make_shared<remote_pulse>(0, nullptr, [](const message_ptr&) {})))
    answer(which, bytes, tl::unexpected(std::move(why)));
}

void session::serve(incoming_parcel&& request, std::size_t bytes, const sender_now& from) {
  if (request.type_url.empty())
    return refuse(request, bytes, {"fabric.bad_message", "no payload", false}, from.life);
  if (auto why =
          core_->admission().admit(*from.who, from.is_member, request.header, request.type_url)) {
    fabric_counters::add(core_->counters.not_allowed);
    spdlog::warn("fabric: {}", why->message);
    return refuse(request, bytes, std::move(*why), from.life);
  }
  const auto& may_serve = core_->options().may_serve;
  if (request.lane == v1::LANE_WORK && may_serve && !may_serve())
    return refuse(request, bytes,
                  {"fabric.not_member",
                   "node " + core_->options().self.node + " is no member of its cluster at present",
                   true},
                  from.life);
  auto payload = decode_payload(request.type_url, request.payload);
  if (!payload)
    return refuse(request, bytes, {"fabric.bad_message", payload.error().message(), false},
                  from.life);
  ask_agent(std::move(request), bytes, std::move(*payload), from.life);
}

void session::ask_agent(incoming_parcel&& request, std::size_t bytes, message_ptr payload,
                        std::uint64_t life) {
  auto& header = request.header;
  const served_key which{life, request.lane, request.sequence};
  request_options options;
  options.timeout = request.time_left;
  options.priority = header.priority;
  options.idempotency_key = std::move(header.idempotency_key);
  options.sender = std::move(header.sender);
  options.traceparent = std::move(header.traceparent);
  options.tracestate = std::move(header.tracestate);
  options.principal = std::move(header.principal);
  options.privacy_labels = std::move(header.privacy_labels);
  options.granted_memory_bytes = header.granted_memory_bytes;
  // Whoever sent it here knew why: it does not go on to another node.
  options.node = core_->options().self.node;
  if (request.one_way) {
    static_cast<void>(
        core_->system().tell(std::move(header.target), std::move(payload), std::move(options)));
    return;
  }
  message_ptr last;
  if (!request.last_heartbeat.type_url.empty())
    if (auto read = decode_payload(request.last_heartbeat)) last = std::move(*read);
  const std::weak_ptr<session> self = weak_from_this();
  auto pulse = std::make_shared<remote_pulse>(request.attempt, std::move(last),
                                              [self, which](const message_ptr& details) {
                                                if (const auto there = self.lock())
                                                  there->send_pulse(which, details);
                                              });
  if (!keep_served(which, pulse)) return;
  options.pulse = std::move(pulse);
  core_->system().request(std::move(header.target), std::move(payload), std::move(options),
                          [self, which, bytes](reply<message_ptr> given) {
                            if (const auto there = self.lock()) there->answer(which, bytes, given);
                          });
}

} // namespace troupe::cluster
