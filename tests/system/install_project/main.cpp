// Starts a node with a model and a store, asks an agent, and runs a workflow that finds names.
//   stranger STORE_FILE
#include "actors/node.hpp"
#include "actors/runtime/typed_agent.hpp"
#include "actors/workflow/inputs.hpp"
#include "actors/workflow/sqlite_store.hpp"
#include "troupe/v1/ner.pb.h"

#include <cstdlib>
#include <iostream>

namespace {

constexpr const char* find_names = R"(
name: find-names
version: "1"
inputs:
  text: { type: string }
steps:
  names: { agent: ner.extract/default, input: { text: "${inputs.text}" } }
)";

template <class T>
T or_exit(troupe::result<T> got) {
  if (got) return std::move(*got);
  std::cerr << got.error().message() << '\n';
  std::exit(1);
}

void run_workflow(troupe::node& node) {
  const auto definition =
      troupe::workflow::load_definition(find_names, "find-names.yaml", node.agents());
  if (!definition) {
    std::cerr << troupe::workflow::to_string(definition.error()) << '\n';
    std::exit(1);
  }
  const std::string texts[] = {"text=Jonas Weber lives in Oslo."};
  const auto run = or_exit(node.workflows().submit(
      *definition, or_exit(troupe::workflow::parse_inputs(**definition, texts))));
  or_exit(node.workflows().wait(run, std::chrono::seconds{60}));
  for (const auto& event : or_exit(node.workflows().history(run)))
    if (troupe::v1::NerReply found;
        event.has_step_completed() && event.step_completed().reply().UnpackTo(&found))
      for (const auto& span : found.spans())
        std::cout << span.label() << ' ' << span.word() << '\n';
}

} // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  troupe::node_options options;
  options.models["default"] = std::string{MODELS} + "/ner-default";
  options.preload = {"default"};
  const auto node =
      or_exit(troupe::node::start(options, or_exit(troupe::workflow::open_sqlite_store(argv[1]))));
  run_workflow(*node);
}
