// The small languages inside a definition: texts with references, conditions, durations, agent names.
#include "actors/runtime/agent.hpp"
#include "actors/workflow/condition_syntax.hpp"
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

/// @returns how deep it is nested.
std::size_t check_condition(std::string_view text, const condition_syntax& from) {
  using kind = condition_syntax::kind;
  fuzz::require(from.offset < text.size(), "each part is where it says");
  const std::size_t count = from.parts.size();
  const bool leaf = from.what == kind::literal || from.what == kind::reference;
  fuzz::require(leaf                            ? count == 0
                : from.what == kind::comparison ? count == 2
                : from.what == kind::negation   ? count == 1
                                                : count >= 2,
                "an operator has its operands");
  if (from.what == kind::reference)
    fuzz::require(text.substr(from.from.offset).starts_with("${"), "a reference is where it says");
  std::size_t deepest = 0;
  for (const condition_syntax& part : from.parts)
    deepest = std::max(deepest, check_condition(text, part));
  return deepest + 1;
}

void read_condition(std::string_view text) {
  const auto parsed = parse_condition(text);
  if (!parsed)
    return fuzz::require(parsed.error().offset <= text.size() && !parsed.error().message.empty(),
                         "a mistake has a place and a text");
  // Each level of parentheses holds an or, an and, a not and a comparison at most.
  fuzz::require(check_condition(text, *parsed) <= 4 * (condition_limits::depth + 1),
                "conditions are bounded");
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
  read_condition(text);
  read_duration(text);
  if (const auto name = agent_name::parse(text)) {
    const auto again = agent_name::parse(name->to_string());
    fuzz::require(again && *again == *name, "a printed name reads as itself");
  }
  return 0;
}
