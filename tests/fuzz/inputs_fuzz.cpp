// Inputs of a run as the command line gives them, one NAME=VALUE per line.
#include "actors/workflow/inputs.hpp"
#include "kernels/text/utf8.hpp"
#include "tests/actors/workflow/known_agents.hpp"
#include "tests/fuzz/fuzz.hpp"

#include <cmath>

using namespace troupe;
using namespace troupe::workflow;

namespace {

const definition& workflow_with_inputs() {
  static const auto loaded = load_definition(R"(name: inputs
version: "1"
inputs:
  text: { type: string, default: a }
  whole: { type: integer, default: 1 }
  number: { type: number, default: 0.5 }
  on: { type: boolean, default: true }
steps:
  list: { agent: files.list, input: { folder: "${inputs.text}" } }
)",
                                             "w.yaml", test::known_agents{});
  fuzz::require(loaded.has_value(), "the definition loads");
  return **loaded;
}

void require_typed(const std::string& name, const scalar& value) {
  if (name == "text")
    fuzz::require(text::is_valid_utf8(std::get<std::string>(value)), "texts are UTF-8");
  else if (name == "whole")
    fuzz::require(std::abs(std::get<std::int64_t>(value)) <= std::int64_t{1} << 53,
                  "exact in a double");
  else if (name == "number")
    fuzz::require(std::isfinite(std::get<double>(value)), "numbers are finite");
  else
    fuzz::require(std::holds_alternative<bool>(value), "the others are true or false");
}

} // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::vector<std::string> assignments;
  std::string_view rest = fuzz::as_text(data, size);
  while (!rest.empty()) {
    const auto end = std::min(rest.find('\n'), rest.size());
    assignments.emplace_back(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  const auto inputs = parse_inputs(workflow_with_inputs(), assignments);
  if (!inputs) return fuzz::require(!inputs.error().context.empty(), "an error says why"), 0;
  fuzz::require(inputs->size() == 4, "defaults are filled in");
  for (const auto& [name, value] : *inputs)
    require_typed(name, value);
  const auto again = complete_inputs(workflow_with_inputs(), *inputs);
  fuzz::require(again && *again == *inputs, "complete inputs stay as they are");
  return 0;
}
