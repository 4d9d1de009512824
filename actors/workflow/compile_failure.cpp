#include "actors/workflow/compiler.hpp"
#include "actors/workflow/message_types.hpp"

#include <google/protobuf/util/json_util.h>

// What comes of a step that failed for good.
namespace troupe::workflow {

void compiler::check_on_failure(const v1::StepDefinition& from, step& made) {
  if (!from.has_on_failure()) return;
  const std::string path = "steps." + from.id() + ".on_failure";
  switch (from.on_failure().what_case()) {
  case v1::OnFailure::kReply:
    made.on_failure = failure_action::reply;
    // Where the step itself is wrong, its type is not known.
    if (made.reply)
      made.failure_reply =
          check_reply(from.on_failure().reply(), made, path + ".reply", "the reply ");
    break;
  case v1::OnFailure::kAction:
    if (from.on_failure().action() > v1::FAILURE_ACTION_CONTINUE)
      return report(path, "the action is not known to this build; use a newer one");
    if (from.on_failure().action() == v1::FAILURE_ACTION_CONTINUE)
      made.on_failure = failure_action::proceed;
    break;
  case v1::OnFailure::WHAT_NOT_SET:
    report(path, "nothing is said; write fail, continue or { reply: { ... } }");
  }
  if (from.has_default_reply() && made.on_failure != failure_action::fail)
    report(path,
           "a step with a default does not fail: it has its reply when its time is over; leave one "
           "of them out",
           true);
}

/// A reply that the definition gives, as a message of the step's reply type.
message_ptr compiler::check_reply(const google::protobuf::Struct& from, const step& made,
                                  const std::string& path, const char* what) {
  std::string json;
  (void)google::protobuf::util::MessageToJsonString(from, &json);
  auto reply = message_from_json(json, *made.reply);
  if (reply) return std::move(*reply);
  report(path, what + reply.error());
  return nullptr;
}

} // namespace troupe::workflow
