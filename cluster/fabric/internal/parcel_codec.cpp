#include "cluster/fabric/internal/parcel_codec.hpp"

#include "actors/runtime/defaults.hpp"
#include "actors/runtime/envelope_codec.hpp"
#include "actors/runtime/errc.hpp"
#include "actors/runtime/failure_codec.hpp"
#include "cluster/fabric/defaults.hpp"
#include "cluster/fabric/internal/wire.hpp"

#include <algorithm>
#include <utility>

namespace troupe::cluster {
namespace {

constexpr std::string_view type_url_prefix = "type.googleapis.com/";

std::string type_url_of(const google::protobuf::Message& payload) {
  std::string made{type_url_prefix};
  made += payload.GetDescriptor()->full_name();
  return made;
}

tl::unexpected<error> too_large(const google::protobuf::Message& payload, std::size_t bytes) {
  return fail(runtime_errc::bad_payload,
              payload.GetTypeName() + " has " + std::to_string(bytes) + " bytes, between nodes " +
                  std::to_string(fabric_defaults::payload_bytes) +
                  " is the most; put it where both nodes can read it, and send where it is");
}

/// Appends an Envelope of which `routing` has all but the payload.
void append_envelope(std::string& to, const v1::Envelope& routing,
                     const google::protobuf::Message& payload, std::size_t payload_bytes) {
  std::string payload_head;
  wire::append_bytes(payload_head, v1::Envelope::kPayloadTypeUrlFieldNumber, type_url_of(payload));
  wire::append_length(payload_head, v1::Envelope::kPayloadFieldNumber, payload_bytes);
  const std::size_t routing_bytes = routing.ByteSizeLong();
  to.reserve(to.size() + routing_bytes + payload_head.size() + payload_bytes + 64);
  wire::append_length(to, v1::Parcel::kEnvelopeFieldNumber,
                      routing_bytes + payload_head.size() + payload_bytes);
  routing.AppendToString(&to);
  to += payload_head;
  payload.AppendPartialToString(&to);
}

result<std::size_t> size_of_payload(const google::protobuf::Message& payload) {
  if (!payload.IsInitialized())
    return fail(runtime_errc::bad_payload, payload.GetTypeName() + " lacks a field");
  const std::size_t bytes = payload.ByteSizeLong();
  if (bytes > fabric_defaults::payload_bytes) return too_large(payload, bytes);
  return bytes;
}

void append_any(std::string& to, int field, const message_ptr& content) {
  if (!content) return;
  std::string any;
  wire::append_bytes(any, google::protobuf::Any::kTypeUrlFieldNumber, type_url_of(*content));
  wire::append_bytes(any, google::protobuf::Any::kValueFieldNumber,
                     content->SerializePartialAsString());
  wire::append_bytes(to, field, any);
}

} // namespace

result<std::string> encode_request(const parcel_request& from) {
  const auto bytes = size_of_payload(from.payload);
  if (!bytes) return tl::unexpected(bytes.error());
  // Kept: its texts have room for the next one's.
  thread_local v1::Envelope routing;
  routing.Clear();
  encode_routing(from.header, routing);
  std::string made;
  append_envelope(made, routing, from.payload, *bytes);
  if (from.one_way) wire::append_number(made, v1::Parcel::kOneWayFieldNumber, 1);
  if (from.attempt > 0) wire::append_number(made, v1::Parcel::kAttemptFieldNumber, from.attempt);
  append_any(made, v1::Parcel::kLastHeartbeatFieldNumber, from.last_heartbeat);
  wire::append_number(
      made, v1::Parcel::kTimeLeftMillisFieldNumber,
      static_cast<std::uint64_t>(std::max<std::int64_t>(from.time_left.count(), 1)));
  return made;
}

std::string encode_answer(std::uint64_t answers, const reply<message_ptr>& given) {
  std::string made;
  const auto refuse = [&](const failure& why) {
    v1::Envelope failed;
    *failed.mutable_failure() = encode_failure(why);
    wire::append_message(made, v1::Parcel::kEnvelopeFieldNumber, failed);
  };
  if (!given) {
    refuse(given.error());
  } else if (!*given) {
    refuse({"runtime.wrong_reply_type", "an answer without a payload", false});
  } else if (const auto bytes = size_of_payload(**given); !bytes) {
    refuse({"fabric.bad_answer", bytes.error().message(), false});
  } else {
    append_envelope(made, v1::Envelope::default_instance(), **given, *bytes);
  }
  wire::append_number(made, v1::Parcel::kAnswersFieldNumber, answers);
  return made;
}

result<incoming_parcel> decode_parcel(std::string_view bytes,
                                      std::chrono::system_clock::time_point now) {
  thread_local v1::Parcel wire;
  if (bytes.size() > fabric_defaults::parcel_bytes ||
      !wire.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())))
    return fail(runtime_errc::bad_envelope, "a parcel that cannot be read");
  if (wire.lane() != v1::LANE_CONTROL && wire.lane() != v1::LANE_WORK)
    return fail(runtime_errc::bad_envelope, "a parcel of no lane");
  incoming_parcel made;
  made.lane = wire.lane();
  made.sequence = wire.sequence();
  made.answers = wire.answers();
  if (made.answers > 0) {
    v1::Envelope& answer = *wire.mutable_envelope();
    if (answer.has_failure())
      made.content.payload = decode_failure(answer.failure());
    else
      made.content.payload = encoded_payload{std::move(*answer.mutable_payload_type_url()),
                                             std::move(*answer.mutable_payload())};
    return made;
  }
  made.one_way = wire.one_way();
  made.attempt = wire.attempt();
  made.time_left = std::chrono::milliseconds{
      std::min<std::uint64_t>(wire.time_left_millis(), runtime::defaults::longest_timeout.count())};
  made.last_heartbeat = {std::move(*wire.mutable_last_heartbeat()->mutable_type_url()),
                         std::move(*wire.mutable_last_heartbeat()->mutable_value())};
  envelope_limits limits;
  limits.message_id_required = false;
  auto content = decode_envelope(std::move(*wire.mutable_envelope()), now, limits);
  if (!content) return tl::unexpected(std::move(content.error()));
  made.content = std::move(*content);
  made.content.header.deadline = now + made.time_left;
  return made;
}

reply<message_ptr> answer_of(envelope&& content) {
  if (auto* why = std::get_if<failure>(&content.payload)) return tl::unexpected(std::move(*why));
  const auto* encoded = std::get_if<encoded_payload>(&content.payload);
  if (!encoded)
    return tl::unexpected(failure{"fabric.bad_answer", "an answer without payload", false});
  auto object = decode_payload(*encoded);
  if (!object) return tl::unexpected(failure{"fabric.bad_answer", object.error().message(), false});
  return std::move(*object);
}

} // namespace troupe::cluster
