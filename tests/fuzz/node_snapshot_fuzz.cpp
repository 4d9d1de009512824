// What a process posts of itself, as anybody who may write beside a store could have posted it.
#include "actors/workflow/live/snapshot_codec.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace troupe;
using namespace troupe::workflow;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto read = decode_snapshot(fuzz::as_text(data, size));
  if (!read) {
    fuzz::require(!read.error().context.empty(), "an error says why");
    return 0;
  }
  fuzz::require(read->waiting.size() <= snapshot_bounds::attempts, "lists are bounded");
  const auto again = decode_snapshot(encode_snapshot(*read));
  fuzz::require(again.has_value(), "it is read again");
  fuzz::require(encode_snapshot(*again) == encode_snapshot(*read), "and is the same");
  return 0;
}
