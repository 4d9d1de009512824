// An envelope from a wire: what is accepted survives another trip, with the fields that this build does not know.
#include "actors/runtime/envelope_codec.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace troupe;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::chrono::system_clock::time_point now{std::chrono::seconds{1'800'000'000}};
  v1::Envelope wire;
  if (!wire.ParseFromArray(data, static_cast<int>(size))) return -1;
  const auto first = decode_envelope(std::move(wire), now);
  if (!first) return fuzz::require(!first.error().context.empty(), "an error names the field"), 0;
  if (const auto* payload = std::get_if<encoded_payload>(&first->payload))
    if (const auto object = decode_payload(*payload))
      fuzz::require(*object != nullptr, "a payload that decodes is an object");
  auto sent = encode_envelope(*first);
  fuzz::require(sent.has_value(), "what was accepted can be sent on");
  const std::string bytes = sent->SerializeAsString();
  const auto second = decode_envelope(std::move(*sent), now);
  fuzz::require(second.has_value(), "what was sent on is accepted");
  fuzz::require(second->unknown_fields == first->unknown_fields, "unknown fields are kept");
  const auto again = encode_envelope(*second);
  fuzz::require(again && again->SerializeAsString() == bytes, "a second trip changes nothing");
  return 0;
}
