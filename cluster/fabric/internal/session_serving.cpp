#include "actors/runtime/envelope_codec.hpp"
#include "cluster/fabric/internal/fabric_core.hpp"
#include "cluster/fabric/internal/session.hpp"

#include <fmt/format.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>
#include <spdlog/spdlog.h>
#include <utility>

// What comes in from a peer.
namespace troupe::cluster {
namespace {

using google::protobuf::internal::WireFormatLite;
namespace io = google::protobuf::io;

farewell broken(std::string how) {
  return {v1::GOODBYE_REASON_BAD_PEER, std::move(how)};
}

/// Calls `take(bytes)` with each parcel of a frame in wire form, and gives `rest` all else of it.
template <class Take>
std::optional<farewell> split_frame(std::string_view frame, v1::Frame& rest, Take&& take) {
  constexpr std::uint32_t parcel_tag = WireFormatLite::MakeTag(
      v1::Frame::kParcelsFieldNumber, WireFormatLite::WIRETYPE_LENGTH_DELIMITED);
  const auto* begin = reinterpret_cast<const std::uint8_t*>(frame.data());
  io::CodedInputStream in{begin, static_cast<int>(frame.size())};
  std::string others;
  while (true) {
    const int start = in.CurrentPosition();
    const std::uint32_t tag = in.ReadTag();
    if (tag == 0) break;
    std::uint32_t length = 0;
    if (tag == parcel_tag) {
      if (!in.ReadVarint32(&length) ||
          length > frame.size() - static_cast<std::size_t>(in.CurrentPosition()))
        return broken("a frame that ends within a message");
      const auto at = static_cast<std::size_t>(in.CurrentPosition());
      if (auto why = take(frame.substr(at, length))) return why;
      in.Skip(static_cast<int>(length));
      continue;
    }
    if (!WireFormatLite::SkipField(&in, tag)) return broken("a frame that cannot be read");
    others.append(frame.substr(static_cast<std::size_t>(start),
                               static_cast<std::size_t>(in.CurrentPosition() - start)));
  }
  if (static_cast<std::size_t>(in.CurrentPosition()) != frame.size() ||
      !rest.ParseFromString(others))
    return broken("a frame that cannot be read");
  return std::nullopt;
}

} // namespace

std::optional<farewell> session::take_frame(const link& of, std::string_view frame) {
  fabric_counters::add(core_->counters.frames_received);
  fabric_counters::add(core_->counters.bytes_received, frame.size());
  v1::Frame rest;
  if (auto why =
          split_frame(frame, rest, [&](std::string_view bytes) { return take_parcel(of, bytes); }))
    return why;
  if (rest.has_hello()) return broken("a second hello");
  for (const v1::Receipt& each : rest.receipts())
    if (auto why = take_receipt(of, each)) return why;
  for (const v1::Pulse& each : rest.pulses())
    take_pulse(each);
  for (const v1::Interrupt& each : rest.interrupts())
    take_interrupt(each);
  if (rest.has_piece())
    if (auto why = take_piece(of, rest.piece())) return why;
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

std::optional<farewell> session::take_parcel(const link& of, std::string_view bytes) {
  auto parcel = decode_parcel(bytes, core_->clock().wall_now());
  if (!parcel) return broken(parcel.error().message());
  {
    std::lock_guard lock{mutex_};
    // Another link has taken the place of this one: what is on it comes there again.
    if (link_.get() != &of) return std::nullopt;
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
  if (parcel->answers > 0)
    take_answer(std::move(*parcel), bytes.size());
  else
    serve(std::move(*parcel), bytes.size());
  return std::nullopt;
}

std::optional<farewell> session::take_piece(const link& of, const v1::Piece& piece) {
  if (piece.lane() != v1::LANE_CONTROL && piece.lane() != v1::LANE_WORK)
    return broken("a piece of no lane");
  lane_inbox::taken taken;
  {
    std::lock_guard lock{mutex_};
    if (link_.get() != &of) return std::nullopt;
    taken = lane(piece.lane()).in.add(piece);
  }
  if (!taken.ok) return broken("a piece that does not follow the one before");
  return taken.whole ? take_parcel(of, *taken.whole) : std::nullopt;
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
  respond(answer_of(std::move(answer.content)));
}

void session::give_back(v1::Lane which, std::size_t bytes) {
  std::lock_guard lock{mutex_};
  lane(which).in.served(bytes);
}

void session::refuse(const incoming_parcel& request, std::size_t bytes, failure why) {
  if (request.one_way) return give_back(request.lane, bytes);
  {
    std::lock_guard lock{mutex_};
    served_.emplace(key_of(request.lane, request.sequence),
                    std::make_shared<remote_pulse>(0, nullptr, [](const message_ptr&) {}));
  }
  answer(request.lane, request.sequence, bytes, tl::unexpected(std::move(why)));
}

void session::serve(incoming_parcel&& request, std::size_t bytes) {
  auto& header = request.content.header;
  node_identity from;
  bool member = false;
  {
    std::lock_guard lock{mutex_};
    from = {core_->options().self.cluster, node_, roles_};
    member = incarnation_ > 0;
  }
  const auto* encoded = std::get_if<encoded_payload>(&request.content.payload);
  if (!encoded) return refuse(request, bytes, {"fabric.bad_message", "no payload", false});
  if (auto why = core_->admission().admit(from, member, header, encoded->type_url)) {
    fabric_counters::add(core_->counters.not_allowed);
    spdlog::warn("fabric: {}", why->message);
    return refuse(request, bytes, std::move(*why));
  }
  const auto& may_serve = core_->options().may_serve;
  if (request.lane == v1::LANE_WORK && may_serve && !may_serve())
    return refuse(request, bytes,
                  {"fabric.not_member",
                   "node " + core_->options().self.node + " is no member of its cluster at present",
                   true});
  auto payload = decode_payload(*encoded);
  if (!payload)
    return refuse(request, bytes, {"fabric.bad_message", payload.error().message(), false});
  ask_agent(std::move(request), bytes, std::move(*payload));
}

void session::ask_agent(incoming_parcel&& request, std::size_t bytes, message_ptr payload) {
  auto& header = request.content.header;
  const v1::Lane which = request.lane;
  const std::uint64_t sequence = request.sequence;
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
    return give_back(which, bytes);
  }
  message_ptr last;
  if (!request.last_heartbeat.type_url.empty())
    if (auto read = decode_payload(request.last_heartbeat)) last = std::move(*read);
  const std::weak_ptr<session> self = weak_from_this();
  auto pulse = std::make_shared<remote_pulse>(request.attempt, std::move(last),
                                              [self, which, sequence](const message_ptr& details) {
                                                if (const auto there = self.lock())
                                                  there->send_pulse(which, sequence, details);
                                              });
  {
    std::lock_guard lock{mutex_};
    served_.emplace(key_of(which, sequence), pulse);
  }
  options.pulse = std::move(pulse);
  core_->system().request(std::move(header.target), std::move(payload), std::move(options),
                          [self, which, sequence, bytes](reply<message_ptr> given) {
                            if (const auto there = self.lock())
                              there->answer(which, sequence, bytes, given);
                          });
}

} // namespace troupe::cluster
