// A failure from a wire, however deep its causes: always a plain failure within bounds.
#include "actors/runtime/failure_codec.hpp"
#include "kernels/text/utf8.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace troupe;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  v1::Failure wire;
  if (!wire.ParseFromArray(data, static_cast<int>(size))) return -1;
  const failure once = decode_failure(wire);
  fuzz::require(!once.type.empty() && once.type.size() <= 128, "a type of bounded length");
  // Up to 8 causes are joined, each with a separator.
  fuzz::require(once.message.size() <= 42'000, "a message of bounded length");
  fuzz::require(text::is_valid_utf8(once.type) && text::is_valid_utf8(once.message),
                "texts are UTF-8");
  const failure twice = decode_failure(encode_failure(once));
  fuzz::require(twice.type == once.type && twice.retryable == once.retryable,
                "type and retryable survive the wire");
  fuzz::require(once.message.starts_with(twice.message), "so does the message, up to its bound");
  return 0;
}
