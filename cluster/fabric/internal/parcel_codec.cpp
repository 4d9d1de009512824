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

result<void> encode_request(const parcel_request& from, std::string& into) {
  into.clear();
  const auto bytes = size_of_payload(from.payload);
  if (!bytes) return tl::unexpected(bytes.error());
  // Kept: its texts have room for the next one's.
  thread_local v1::Envelope routing;
  routing.Clear();
  encode_routing(from.header, routing);
  append_envelope(into, routing, from.payload, *bytes);
  if (from.one_way) wire::append_number(into, v1::Parcel::kOneWayFieldNumber, 1);
  if (from.attempt > 0) wire::append_number(into, v1::Parcel::kAttemptFieldNumber, from.attempt);
  append_any(into, v1::Parcel::kLastHeartbeatFieldNumber, from.last_heartbeat);
  wire::append_number(
      into, v1::Parcel::kTimeLeftMillisFieldNumber,
      static_cast<std::uint64_t>(std::max<std::int64_t>(from.time_left.count(), 1)));
  return {};
}

void encode_answer(std::uint64_t answers, const reply<message_ptr>& given, std::string& into) {
  into.clear();
  const auto refuse = [&](const failure& why) {
    v1::Envelope failed;
    *failed.mutable_failure() = encode_failure(why);
    wire::append_message(into, v1::Parcel::kEnvelopeFieldNumber, failed);
  };
  if (!given) {
    refuse(given.error());
  } else if (!*given) {
    refuse({"runtime.wrong_reply_type", "an answer without a payload", false});
  } else if (const auto bytes = size_of_payload(**given); !bytes) {
    refuse({"fabric.bad_answer", bytes.error().message(), false});
  } else {
    append_envelope(into, v1::Envelope::default_instance(), **given, *bytes);
  }
  wire::append_number(into, v1::Parcel::kAnswersFieldNumber, answers);
}

namespace {

/// The fields of a parcel as they lie there.
struct parcel_fields {
  std::uint64_t lane = 0, sequence = 0, answers = 0, one_way = 0, attempt = 0, time_left_millis = 0;
  std::string_view envelope, last_heartbeat;
};

bool read_parcel(std::string_view bytes, parcel_fields& into) {
  return wire::for_each_field(bytes, [&](const wire::field& one) {
    switch (one.number) {
    case v1::Parcel::kLaneFieldNumber:
      return one.read(into.lane);
    case v1::Parcel::kSequenceFieldNumber:
      return one.read(into.sequence);
    case v1::Parcel::kEnvelopeFieldNumber:
      return one.read(into.envelope);
    case v1::Parcel::kAnswersFieldNumber:
      return one.read(into.answers);
    case v1::Parcel::kOneWayFieldNumber:
      return one.read(into.one_way);
    case v1::Parcel::kAttemptFieldNumber:
      return one.read(into.attempt);
    case v1::Parcel::kLastHeartbeatFieldNumber:
      return one.read(into.last_heartbeat);
    case v1::Parcel::kTimeLeftMillisFieldNumber:
      return one.read(into.time_left_millis);
    default:
      return true; // of a later release
    }
  });
}

/// An envelope in two: its payload, which is not looked into, and the wire form of all else.
struct split_envelope {
  std::string_view type_url, payload;
  std::string& rest;
};

bool split(std::string_view bytes, split_envelope& into) {
  into.rest.clear();
  return wire::for_each_field(bytes, [&](const wire::field& one) {
    if (one.number == v1::Envelope::kPayloadFieldNumber) return one.read(into.payload);
    into.rest.append(one.whole);
    return one.number != v1::Envelope::kPayloadTypeUrlFieldNumber || one.read(into.type_url);
  });
}

/// What was said of the message before: most messages say the same but for their payload, and need not be looked at again.
struct routing_seen {
  std::string bytes;
  envelope_header header;
};
constexpr std::size_t most_seen_bytes = 1'024;

result<void> read_header(const std::string& routing, std::chrono::system_clock::time_point now,
                         envelope_header& into) {
  thread_local routing_seen last;
  if (!routing.empty() && last.bytes == routing) {
    into = last.header;
    return {};
  }
  v1::Envelope parsed;
  if (!parsed.ParseFromString(routing))
    return fail(runtime_errc::bad_envelope, "an envelope that cannot be read");
  envelope_limits limits;
  limits.message_id_required = false;
  auto content = decode_envelope(std::move(parsed), now, limits);
  if (!content) return tl::unexpected(std::move(content.error()));
  if (routing.size() <= most_seen_bytes) last = {routing, content->header};
  into = std::move(content->header);
  return {};
}

result<void> decode_answer(const split_envelope& content, incoming_parcel& into) {
  into.one_way = false;
  into.type_url = content.type_url;
  into.payload = content.payload;
  v1::Envelope parsed;
  if (!parsed.ParseFromString(content.rest))
    return fail(runtime_errc::bad_envelope, "an answer that cannot be read");
  if (parsed.has_failure()) into.failed = decode_failure(parsed.failure());
  return {};
}

result<void> decode_request(const parcel_fields& from, const split_envelope& content,
                            std::chrono::system_clock::time_point now, incoming_parcel& into) {
  into.one_way = from.one_way != 0;
  into.attempt = static_cast<std::uint32_t>(from.attempt);
  into.time_left = std::chrono::milliseconds{
      std::min<std::uint64_t>(from.time_left_millis, runtime::defaults::longest_timeout.count())};
  into.last_heartbeat = {};
  if (!from.last_heartbeat.empty()) {
    google::protobuf::Any any;
    if (!any.ParseFromArray(from.last_heartbeat.data(),
                            static_cast<int>(from.last_heartbeat.size())))
      return fail(runtime_errc::bad_envelope, "a last heartbeat that cannot be read");
    into.last_heartbeat = {std::move(*any.mutable_type_url()), std::move(*any.mutable_value())};
  }
  if (auto read = read_header(content.rest, now, into.header); !read) return read;
  into.header.deadline = now + into.time_left;
  into.type_url = content.type_url;
  into.payload = content.payload;
  return {};
}

} // namespace

result<void> decode_parcel(std::string_view bytes, std::chrono::system_clock::time_point now,
                           incoming_parcel& into) {
  parcel_fields fields;
  if (bytes.size() > fabric_defaults::parcel_bytes || !read_parcel(bytes, fields))
    return fail(runtime_errc::bad_envelope, "a parcel that cannot be read");
  if (fields.lane != v1::LANE_CONTROL && fields.lane != v1::LANE_WORK)
    return fail(runtime_errc::bad_envelope, "a parcel of no lane");
  thread_local std::string rest;
  split_envelope content{{}, {}, rest};
  if (!split(fields.envelope, content))
    return fail(runtime_errc::bad_envelope, "an envelope that cannot be read");
  if (content.payload.size() > fabric_defaults::payload_bytes)
    return fail(runtime_errc::bad_envelope, "a payload that is too large");
  into.lane = static_cast<v1::Lane>(fields.lane);
  into.sequence = fields.sequence;
  into.answers = fields.answers;
  into.failed.reset();
  return into.answers > 0 ? decode_answer(content, into)
                          : decode_request(fields, content, now, into);
}

reply<message_ptr> answer_of(incoming_parcel&& answer) {
  if (answer.failed) return tl::unexpected(std::move(*answer.failed));
  if (answer.type_url.empty())
    return tl::unexpected(failure{"fabric.bad_answer", "an answer without payload", false});
  auto object = decode_payload(answer.type_url, answer.payload);
  if (!object) return tl::unexpected(failure{"fabric.bad_answer", object.error().message(), false});
  return std::move(*object);
}

} // namespace troupe::cluster
