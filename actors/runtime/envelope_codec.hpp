#pragma once

#include "actors/runtime/envelope.hpp"
#include "kernels/result.hpp"
#include "troupe/v1/envelope.pb.h"

#include <cstddef>
#include <string_view>

namespace troupe {

/// What an envelope from outside may hold at most. Bytes, except where it says otherwise.
struct envelope_limits {
  std::size_t id = 128;
  std::size_t trace = 512;
  std::size_t idempotency_key = 256;
  std::size_t principal = 256;
  std::size_t type_url = 512;
  std::size_t payload = std::size_t{64} << 20;
  std::size_t privacy_label = 64;
  /// Count.
  std::size_t privacy_labels = 32;
  std::size_t unknown_fields = 64 << 10;
  /// Whether requests must have a message_id; what carries them may have numbers of its own.
  bool message_id_required = true;
};

/// The wire form of `from`; an object payload is serialised here, once.
/// @returns `bad_payload` when a request has no payload or one that cannot be serialised.
[[nodiscard]] result<v1::Envelope> encode_envelope(const envelope& from);

/// Writes all of `header` but its ids and its deadline, which whoever carries the envelope may say in a way of its own.
void encode_routing(const envelope_header& header, v1::Envelope& wire);

/// The checked form of what came from outside; its payload stays bytes (see `decode_payload`). Takes the payload out of
/// `wire`. A missing deadline means `defaults::request_timeout` from `now` for requests; answers have none.
/// @returns `bad_envelope` naming the field and the limit.
[[nodiscard]] result<envelope> decode_envelope(v1::Envelope&& wire,
                                               std::chrono::system_clock::time_point now,
                                               const envelope_limits& limits = {});

/// `payload` as it leaves the process. @returns `bad_payload` when it cannot be serialised.
[[nodiscard]] result<encoded_payload> encode_payload(const google::protobuf::Message& payload);

/// The object that a payload holds; its type must be linked into this program.
/// @returns `unknown_payload_type` or `bad_payload`.
[[nodiscard]] result<message_ptr> decode_payload(std::string_view type_url, std::string_view bytes);
[[nodiscard]] inline result<message_ptr> decode_payload(const encoded_payload& payload) {
  return decode_payload(payload.type_url, payload.bytes);
}

} // namespace troupe
