#pragma once

#include "actors/runtime/agent.hpp"
#include "actors/runtime/envelope.hpp"
#include "kernels/result.hpp"
#include "troupe/v1/fabric.pb.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace troupe::cluster {

/// A request or a one-way message, before it has a number.
struct parcel_request {
  const envelope_header& header;
  const google::protobuf::Message& payload;
  bool one_way = false;
  std::uint32_t attempt = 0;
  message_ptr last_heartbeat{};
  std::chrono::milliseconds time_left{};
};

/// Writes the wire form of a `v1::Parcel` without lane and number in the place of what `into` holds: the payload is serialised
/// here, once. @returns `runtime_errc::bad_payload` where it cannot be, or is larger than `fabric_defaults::payload_bytes`.
[[nodiscard]] result<void> encode_request(const parcel_request& from, std::string& into);
/// The same for an answer; one that cannot be serialised becomes a failure that says so.
void encode_answer(std::uint64_t answers, const reply<message_ptr>& given, std::string& into);

/// A parcel that came in, checked; its payload is not looked into yet, and lies where it came in, as its type does.
struct incoming_parcel {
  v1::Lane lane{};
  std::uint64_t sequence = 0;
  /// Of answers alone, whose header is empty.
  std::uint64_t answers = 0;
  bool one_way = false;
  std::uint32_t attempt = 0;
  encoded_payload last_heartbeat{};
  std::chrono::milliseconds time_left{};
  envelope_header header{};
  std::string_view type_url{}, payload{};
  /// Of answers alone.
  std::optional<failure> failed{};
};

/// Reads one in the place of what `into` holds: whoever reads many uses the same again.
/// @param bytes kept as long as the parcel is used. @returns `runtime_errc::bad_envelope` naming the field.
[[nodiscard]] result<void> decode_parcel(std::string_view bytes,
                                         std::chrono::system_clock::time_point now,
                                         incoming_parcel& into);

/// The object in an answer, or the failure. @returns a failure also where the object cannot be read.
[[nodiscard]] reply<message_ptr> answer_of(incoming_parcel&& answer);

} // namespace troupe::cluster
