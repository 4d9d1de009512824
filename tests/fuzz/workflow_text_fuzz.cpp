// The small languages inside a definition: texts with references, durations, agent names.
#include "actors/runtime/agent.hpp"
#include "actors/workflow/durations.hpp"
#include "actors/workflow/references.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace troupe;
using namespace troupe::workflow;

namespace {

void read_references(std::string_view text) {
  const auto parsed = parse_text(text);
  if (!parsed) {
    fuzz::require(!parsed.error().empty(), "there is a mistake");
    for (const auto& mistake : parsed.error())
      fuzz::require(mistake.offset <= text.size() && !mistake.message.empty(),
                    "each mistake has a place and a text");
    return;
  }
  for (const auto& part : parsed->parts) {
    const auto* found = std::get_if<reference>(&part);
    if (!found) continue;
    fuzz::require(text.substr(found->offset).starts_with("${"), "a reference is where it says");
    const auto again = parse_text("${" + found->to_string() + "}");
    fuzz::require(again && again->whole() && again->whole()->to_string() == found->to_string(),
                  "a printed reference reads as itself");
  }
}

void read_duration(std::string_view text) {
  const auto length = parse_duration(text);
  if (!length) return fuzz::require(!length.error().empty(), "an error says why");
  fuzz::require(length->count() >= 0 && *length <= longest_duration, "durations are bounded");
  const auto again = parse_duration(format_duration(*length));
  fuzz::require(again && *again == *length, "a printed duration reads as itself");
  fuzz::require(from_proto(to_proto(*length)) == *length, "a duration survives the wire");
}

} // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::as_text(data, size);
  read_references(text);
  read_duration(text);
  if (const auto name = agent_name::parse(text)) {
    const auto again = agent_name::parse(name->to_string());
    fuzz::require(again && *again == *name, "a printed name reads as itself");
  }
  return 0;
}
