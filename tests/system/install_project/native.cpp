// An agent that is a native CAF actor.
#include "actors/runtime/caf_agent.hpp"
#include "actors/runtime/typed_agent.hpp"

#include <caf/event_based_actor.hpp>
#include <google/protobuf/wrappers.pb.h>
#include <iostream>

int main() {
  using google::protobuf::StringValue;
  const auto system = troupe::agent_system::start();
  if (!system) return 1;
  const auto greeter = [](caf::event_based_actor*) -> caf::behavior {
    return {[](const troupe::native_request& request) {
      StringValue greeting;
      greeting.set_value("hello from CAF");
      request.respond(troupe::share(greeting));
    }};
  };
  const auto added = (*system)->add(troupe::caf_agent(
      **system, "host.greet", "Greets", {{StringValue::descriptor(), StringValue::descriptor()}},
      [greeter](caf::actor_system& caf, const troupe::agent_name&) { return caf.spawn(greeter); }));
  if (!added) return 1;
  const auto answer = troupe::expect_reply<StringValue>(
      (*system)->request_and_wait({"host.greet"}, troupe::share(StringValue{})));
  if (!answer) return 1;
  std::cout << (*answer)->value() << '\n';
}
