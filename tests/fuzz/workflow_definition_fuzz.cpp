// A workflow definition as a client sends it, in Protobuf: no checks of the YAML reader stand before it.
#include "tests/actors/workflow/known_agents.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace troupe;
using namespace troupe::workflow;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const test::known_agents agents;
  v1::WorkflowDefinition source;
  if (!source.ParseFromArray(data, static_cast<int>(size))) return -1;
  for (const agent_types* known :
       {static_cast<const agent_types*>(&agents), static_cast<const agent_types*>(nullptr)}) {
    const auto compiled = compile_definition(source, known);
    if (!compiled) {
      fuzz::require(!compiled.error().empty(), "there is a mistake");
      continue;
    }
    const auto again = compile_definition((*compiled)->source, nullptr);
    fuzz::require(again.has_value(), "what compiled compiles again");
    fuzz::require((*again)->steps.size() == (*compiled)->steps.size(), "with the same steps");
  }
  return 0;
}
