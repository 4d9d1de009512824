// A workflow definition in YAML: it loads and survives its Protobuf form, or every mistake has a place and a text.
#include "tests/actors/workflow/known_agents.hpp"
#include "tests/fuzz/fuzz.hpp"
#include "tests/fuzz/stable_bytes.hpp"

using namespace troupe;
using namespace troupe::workflow;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const test::known_agents agents;
  const auto loaded = load_definition(fuzz::as_text(data, size), "w.yaml", agents);
  if (loaded) {
    const auto again = compile_definition((*loaded)->source, nullptr);
    fuzz::require(again.has_value(),
                  "what was loaded compiles without the agents, as in a history");
    fuzz::require(fuzz::stable_bytes((*again)->source) == fuzz::stable_bytes((*loaded)->source),
                  "compiling twice changes nothing");
    return 0;
  }
  fuzz::require(!loaded.error().empty(), "there is a mistake");
  for (const diagnostic& each : loaded.error()) {
    fuzz::require(each.where.line > 0 && each.where.column > 0, "each mistake has a place");
    fuzz::require(!each.message.empty(), "each mistake has a text");
  }
  return 0;
}
