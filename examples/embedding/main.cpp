// A host program that starts a troupe node inside itself: it registers an agent of its own, asks it, and runs a small
// workflow that uses it. Nothing else is needed: no server, no model, no configuration file.
//
//   example_embedding STORE_FILE

#include "actors/node.hpp"
#include "actors/runtime/typed_agent.hpp"
#include "actors/workflow/builder.hpp"
#include "actors/workflow/inputs.hpp"
#include "actors/workflow/sqlite_store.hpp"

#include <algorithm>
#include <cctype>
#include <google/protobuf/wrappers.pb.h>
#include <iostream>

namespace {

using google::protobuf::StringValue;

// Any Protobuf message can be a request or a reply; an agent type declares which.
troupe::agent_type shouting_agent() {
  return troupe::typed_agent<StringValue, StringValue>(
      "host.shout", "Answers in capital letters",
      [](const StringValue& request, const troupe::call_context&) -> troupe::reply<StringValue> {
        if (request.value().empty())
          return tl::unexpected(
              troupe::failure{"host.nothing_to_say", "the value is empty", false});
        StringValue answer;
        answer.set_value(request.value());
        for (auto& c : *answer.mutable_value())
          c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
        return answer;
      });
}

// Two steps in C++: what they take and give is checked by the compiler. The same in YAML would be
//   first:  { agent: host.shout, input: { value: "${inputs.word}" } }
//   second: { agent: host.shout, input: { value: "${steps.first.value}, and again" } }
void build_workflow(troupe::workflow::workflow_builder& flow) {
  constexpr auto value = TROUPE_FIELD(StringValue, value);
  const auto word = flow.input<std::string>("word");
  const auto first = flow.step<StringValue, StringValue>("first", "host.shout").with(value, word);
  flow.step<StringValue, StringValue>("second", "host.shout")
      .with(value, troupe::workflow::text(first.reply().get(value), ", and again"));
}

int complain(const std::string& why) {
  std::cerr << "example: " << why << '\n';
  return 1;
}

// Asking from the host: `request` returns at once and calls back; `request_and_wait` waits.
bool ask(troupe::agent_system& agents) {
  auto request = std::make_shared<StringValue>();
  request->set_value("hello");
  const auto answer = agents.request_and_wait({"host.shout"}, request);
  if (!answer) return complain(answer.error().message), false;
  std::cout << dynamic_cast<const StringValue&>(**answer).value() << '\n';
  return true;
}

int run_workflow(troupe::node& node) {
  troupe::workflow::workflow_builder flow{"shout-twice"};
  build_workflow(flow);
  const auto definition = flow.compile(node.agents());
  if (!definition) return complain(troupe::workflow::to_string(definition.error()));
  const auto inputs =
      troupe::workflow::parse_inputs(**definition, std::vector<std::string>{"word=troupe"});
  if (!inputs) return complain(inputs.error().message());
  const auto run = node.workflows().submit(*definition, *inputs);
  if (!run) return complain(run.error().message());
  const auto closed = node.workflows().wait(*run, std::chrono::seconds{30});
  if (!closed) return complain(closed.error().message());
  const auto history = node.workflows().history(*run);
  if (!history) return complain(history.error().message());
  for (const auto& event : *history)
    if (StringValue said;
        event.has_step_completed() && event.step_completed().reply().UnpackTo(&said))
      std::cout << event.step_completed().attempt().step() << ": " << said.value() << '\n';
  return closed->status() == troupe::v1::RUN_STATUS_COMPLETED
             ? 0
             : complain(closed->failure().message());
}

} // namespace

int main(int argc, char** argv) {
  if (argc != 2) return complain("usage: example_embedding STORE_FILE");
  auto store = troupe::workflow::open_sqlite_store(argv[1]);
  if (!store) return complain(store.error().message());
  auto node = troupe::node::start({}, std::move(*store));
  if (!node) return complain(node.error().message());
  if (const auto added = (*node)->agents().add(shouting_agent()); !added)
    return complain(added.error().message());
  return ask((*node)->agents()) ? run_workflow(**node) : 1;
}
