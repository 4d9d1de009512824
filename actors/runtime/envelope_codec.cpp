#include "actors/runtime/envelope_codec.hpp"

#include "actors/runtime/defaults.hpp"
#include "actors/runtime/errc.hpp"
#include "actors/runtime/failure_codec.hpp"
#include "actors/runtime/names.hpp"

#include <algorithm>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/unknown_field_set.h>
#include <google/protobuf/util/time_util.h>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace troupe {
namespace {

using system_time = std::chrono::system_clock::time_point;
constexpr std::string_view url_prefix = "type.googleapis.com/";

tl::unexpected<error> bad_field(const char* field, const std::string& why) {
  return fail(runtime_errc::bad_envelope, std::string{field} + " " + why);
}

// -- out

void encode_name(const agent_name& name, v1::AgentName& wire) {
  wire.set_type(name.type);
  wire.set_key(name.key);
}

void encode_header(const envelope_header& header, v1::Envelope& wire) {
  wire.set_message_id(header.message_id.to_string());
  wire.set_correlation_id(header.correlation_id.to_string());
  encode_routing(header, wire);
  if (header.deadline != system_time::max()) {
    const auto since = header.deadline.time_since_epoch();
    *wire.mutable_deadline() = google::protobuf::util::TimeUtil::NanosecondsToTimestamp(
        std::chrono::duration_cast<std::chrono::nanoseconds>(since).count());
  }
}

result<void> encode_payload(const envelope& from, v1::Envelope& wire) {
  if (const auto* reason = std::get_if<failure>(&from.payload)) {
    *wire.mutable_failure() = encode_failure(*reason);
  } else if (const auto* encoded = std::get_if<encoded_payload>(&from.payload)) {
    wire.set_payload_type_url(encoded->type_url);
    wire.set_payload(encoded->bytes);
  } else {
    const auto& object = std::get<message_ptr>(from.payload);
    if (!object) return fail(runtime_errc::bad_payload, "an envelope without a payload");
    auto made = troupe::encode_payload(*object);
    if (!made) return tl::unexpected(std::move(made.error()));
    wire.set_payload_type_url(std::move(made->type_url));
    wire.set_payload(std::move(made->bytes));
  }
  return {};
}

// -- in

struct bounded_text {
  const char* field;
  const std::string& value;
  std::size_t most;
};

std::optional<error> too_long(std::initializer_list<bounded_text> texts) {
  for (const auto& [field, value, most] : texts)
    if (value.size() > most)
      return bad_field(field, "has " + std::to_string(value.size()) + " bytes, the most is " +
                                  std::to_string(most))
          .value();
  return std::nullopt;
}

std::optional<error> fault_of_texts(const v1::Envelope& wire, const envelope_limits& limits) {
  if (auto fault = too_long({{"message_id", wire.message_id(), limits.id},
                             {"correlation_id", wire.correlation_id(), limits.id},
                             {"traceparent", wire.traceparent(), limits.trace},
                             {"tracestate", wire.tracestate(), limits.trace},
                             {"idempotency_key", wire.idempotency_key(), limits.idempotency_key},
                             {"principal", wire.principal(), limits.principal},
                             {"payload_type_url", wire.payload_type_url(), limits.type_url},
                             {"payload", wire.payload(), limits.payload}}))
    return fault;
  if (limits.message_id_required && wire.message_id().empty())
    return bad_field("message_id", "is missing").value();
  const auto labels = static_cast<std::size_t>(wire.privacy_labels_size());
  if (labels > limits.privacy_labels)
    return bad_field("privacy_labels", "has " + std::to_string(labels) + " entries, the most is " +
                                           std::to_string(limits.privacy_labels))
        .value();
  for (const auto& label : wire.privacy_labels())
    if (auto fault = too_long({{"privacy_labels", label, limits.privacy_label}})) return fault;
  return std::nullopt;
}

/// An absent name stays empty.
result<agent_name> decode_name(const char* field, bool present, const v1::AgentName& wire) {
  if (!present) return agent_name{"", ""};
  if (!runtime::is_name_part(wire.type()) || !runtime::is_name_part(wire.key()))
    return bad_field(field,
                     "must have a type and a key of 1 to 128 letters, digits, '.', '_', '-'");
  return agent_name{wire.type(), wire.key()};
}

result<system_time> decode_deadline(const v1::Envelope& wire, system_time now) {
  const bool is_answer = !wire.correlation_id().empty();
  if (!wire.has_deadline())
    return is_answer ? system_time::max() : now + runtime::defaults::request_timeout;
  const auto& deadline = wire.deadline();
  // From 1970 to 2200: within what nanoseconds in 64 bits can tell.
  constexpr std::int64_t last_second = 7'258'118'400;
  if (deadline.seconds() < 0 || deadline.seconds() > last_second || deadline.nanos() < 0 ||
      deadline.nanos() > 999'999'999)
    return bad_field("deadline", "is not a moment between 1970 and 2200");
  const auto moment = system_time{std::chrono::seconds{deadline.seconds()} +
                                  std::chrono::nanoseconds{deadline.nanos()}};
  return is_answer ? moment : std::min(moment, now + runtime::defaults::longest_timeout);
}

result<envelope_header> decode_header(const v1::Envelope& wire, system_time now) {
  auto sender = decode_name("sender", wire.has_sender(), wire.sender());
  if (!sender) return tl::unexpected(std::move(sender.error()));
  auto target = decode_name("target", wire.has_target(), wire.target());
  if (!target) return tl::unexpected(std::move(target.error()));
  if (target->type.empty() && wire.correlation_id().empty())
    return bad_field("target", "is missing in a request");
  auto deadline = decode_deadline(wire, now);
  if (!deadline) return tl::unexpected(std::move(deadline.error()));
  envelope_header header;
  header.message_id = message_id{wire.message_id()};
  header.correlation_id = message_id{wire.correlation_id()};
  header.sender = std::move(*sender);
  header.target = std::move(*target);
  header.deadline = *deadline;
  header.priority = wire.priority();
  header.granted_memory_bytes = wire.granted_memory_bytes();
  header.traceparent = wire.traceparent();
  header.tracestate = wire.tracestate();
  header.idempotency_key = wire.idempotency_key();
  header.principal = wire.principal();
  header.privacy_labels.assign(wire.privacy_labels().begin(), wire.privacy_labels().end());
  return header;
}

result<decltype(envelope::payload)> take_payload(v1::Envelope& wire) {
  if (wire.has_failure()) {
    if (wire.correlation_id().empty()) return bad_field("failure", "stands in a request");
    if (!wire.payload_type_url().empty() || !wire.payload().empty())
      return bad_field("failure", "stands beside a payload");
    return decode_failure(wire.failure());
  }
  const std::string_view url = wire.payload_type_url();
  if (!url.starts_with(url_prefix) || url.size() == url_prefix.size())
    return bad_field("payload_type_url", "must be type.googleapis.com/<full name>");
  return encoded_payload{std::string{url}, std::move(*wire.mutable_payload())};
}

std::string unknown_fields_of(const v1::Envelope& wire) {
  std::string bytes;
  const auto& unknown = wire.GetReflection()->GetUnknownFields(wire);
  unknown.SerializeToString(&bytes);
  return bytes;
}

/// An empty message of that type; nullptr where there is none. Looking one up takes locks, and most messages are of the type
/// of the one before.
const google::protobuf::Message* prototype_of(std::string_view type_url) {
  namespace pb = google::protobuf;
  thread_local std::string last_url;
  thread_local const pb::Message* last = nullptr;
  if (last && last_url == type_url) return last;
  const auto slash = type_url.rfind('/');
  const std::string name{slash == std::string_view::npos ? "" : type_url.substr(slash + 1)};
  const auto* type = pb::DescriptorPool::generated_pool()->FindMessageTypeByName(name);
  if (!type) return nullptr;
  last = pb::MessageFactory::generated_factory()->GetPrototype(type);
  last_url = type_url;
  return last;
}

} // namespace

void encode_routing(const envelope_header& header, v1::Envelope& wire) {
  if (!header.sender.type.empty()) encode_name(header.sender, *wire.mutable_sender());
  if (!header.target.type.empty()) encode_name(header.target, *wire.mutable_target());
  wire.set_priority(header.priority);
  wire.set_granted_memory_bytes(header.granted_memory_bytes);
  wire.set_traceparent(header.traceparent);
  wire.set_tracestate(header.tracestate);
  wire.set_idempotency_key(header.idempotency_key);
  wire.set_principal(header.principal);
  wire.mutable_privacy_labels()->Assign(header.privacy_labels.begin(), header.privacy_labels.end());
}

result<v1::Envelope> encode_envelope(const envelope& from) {
  v1::Envelope wire;
  encode_header(from.header, wire);
  if (auto encoded = encode_payload(from, wire); !encoded)
    return tl::unexpected(std::move(encoded.error()));
  if (!from.unknown_fields.empty() && !wire.MergeFromString(from.unknown_fields))
    return fail(runtime_errc::bad_envelope, "unknown_fields is not in wire form");
  return wire;
}

result<envelope> decode_envelope(v1::Envelope&& wire, system_time now,
                                 const envelope_limits& limits) {
  if (auto fault = fault_of_texts(wire, limits)) return tl::unexpected(std::move(*fault));
  auto unknown = unknown_fields_of(wire);
  if (unknown.size() > limits.unknown_fields)
    return bad_field("unknown fields", "have " + std::to_string(unknown.size()) +
                                           " bytes, the most is " +
                                           std::to_string(limits.unknown_fields));
  auto header = decode_header(wire, now);
  if (!header) return tl::unexpected(std::move(header.error()));
  auto payload = take_payload(wire);
  if (!payload) return tl::unexpected(std::move(payload.error()));
  return envelope{std::move(*header), std::move(*payload), std::move(unknown)};
}

result<encoded_payload> encode_payload(const google::protobuf::Message& payload) {
  encoded_payload made;
  made.type_url = std::string{url_prefix} + payload.GetTypeName();
  if (!payload.SerializeToString(&made.bytes))
    return fail(runtime_errc::bad_payload,
                payload.GetTypeName() + " cannot be serialised: a field is missing or it exceeds "
                                        "2 GiB");
  return made;
}

result<message_ptr> decode_payload(std::string_view type_url, std::string_view bytes) {
  const auto* prototype = prototype_of(type_url);
  if (!prototype)
    return fail(runtime_errc::unknown_payload_type,
                "this program has no message type " + std::string{type_url.substr(0, 512)});
  std::unique_ptr<google::protobuf::Message> object{prototype->New()};
  if (bytes.size() > std::numeric_limits<int>::max() ||
      !object->ParseFromArray(bytes.data(), static_cast<int>(bytes.size())))
    return fail(runtime_errc::bad_payload, "the " + std::to_string(bytes.size()) +
                                               " bytes are no " + prototype->GetTypeName());
  return message_ptr{std::move(object)};
}

} // namespace troupe
