#include "actors/runtime/failure_codec.hpp"

#include <cstddef>
#include <string_view>

namespace troupe {
namespace {

constexpr std::size_t longest_type = 128, longest_message = 4'096, most_causes = 8;

bool is_continuation(char c) {
  return (static_cast<unsigned char>(c) & 0xC0) == 0x80;
}

// Protobuf checks that strings are UTF-8 when it parses, so cutting between characters keeps them so.
std::string cut(std::string_view text, std::size_t most) {
  if (text.size() <= most) return std::string{text};
  while (most > 0 && is_continuation(text[most]))
    --most;
  return std::string{text.substr(0, most)};
}

} // namespace

v1::Failure encode_failure(const failure& reason) {
  v1::Failure wire;
  wire.set_type(reason.type);
  wire.set_message(reason.message);
  wire.set_retryable(reason.retryable);
  return wire;
}

failure decode_failure(const v1::Failure& wire) {
  failure reason;
  reason.type = wire.type().empty() ? "runtime.unknown_failure" : cut(wire.type(), longest_type);
  reason.message = cut(wire.message(), longest_message);
  reason.retryable = wire.retryable();
  const auto* at = &wire;
  for (std::size_t causes = 0; at->has_cause() && causes < most_causes; ++causes) {
    at = &at->cause();
    reason.message += "; caused by " + at->type() + ": " + at->message();
  }
  reason.message = cut(reason.message, longest_message);
  return reason;
}

} // namespace troupe
