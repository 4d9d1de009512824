#include "actors/workflow/compiler.hpp"
#include "actors/workflow/durations.hpp"
#include "actors/workflow/message_types.hpp"
#include "troupe/v1/wait.pb.h"

#include <fmt/format.h>

// Steps that wait for a time or for a signal.
namespace troupe::workflow {

const google::protobuf::Descriptor* signal_type(const definition& workflow, std::string_view name) {
  for (const step& each : workflow.steps)
    if (each.kind == step_kind::signal && each.signal == name) return each.reply;
  return nullptr;
}

/// A step has an agent, waits for a time or for a signal, or is a run of its own.
void compiler::check_kind(const v1::StepDefinition& from, step& made) {
  const std::string path = "steps." + from.id();
  const int said = (from.agent().empty() ? 0 : 1) + (from.has_wait() ? 1 : 0) +
                   (from.signal().empty() ? 0 : 1) + (from.workflow().empty() ? 0 : 1) +
                   (from.plan().empty() ? 0 : 1);
  if (said == 0)
    return report(path,
                  fmt::format("step '{}' has no agent; add 'agent: TYPE/KEY', 'wait: DURATION', "
                              "'signal: NAME' or 'workflow: NAME'",
                              from.id()),
                  true);
  if (said > 1)
    return report(
        path,
        fmt::format("step '{}' has several of agent, wait, signal and workflow; keep one of them",
                    from.id()),
        true);
  if (!from.signal().empty()) return check_signal(from, made);
  if (from.has_default_reply())
    report(path + ".default", "only a step with 'signal' has a default; leave it out");
  if (from.has_wait()) return check_wait(from, made);
  if (!from.workflow().empty()) return check_child(from, made);
  if (!from.plan().empty()) return check_planned(from, made);
  check_agent(from, made);
}

void compiler::check_wait(const v1::StepDefinition& from, step& made) {
  const std::string path = "steps." + from.id();
  made.kind = step_kind::timer;
  made.reply = v1::WaitReply::descriptor();
  made.wait = from_proto(from.wait());
  if (made.wait < duration{0})
    report(path + ".wait", "the time is malformed or out of range; give one from 0 to ten years");
  if (from.input().fields_size() > 0)
    report(path + ".input", "a step that waits sends no request; leave the input out");
  if (!from.reply_type().empty() && from.reply_type() != made.reply->full_name())
    report(path + ".reply_type",
           fmt::format("the reply of a step that waits is a {}; leave reply_type out",
                       made.reply->full_name()));
}

void compiler::check_signal(const v1::StepDefinition& from, step& made) {
  const std::string path = "steps." + from.id();
  made.kind = step_kind::signal;
  made.signal = from.signal();
  if (!is_name(from.signal()))
    report(path + ".signal",
           fmt::format("bad signal name '{}'; use letters, digits, '.', '_' and '-', 128 at most",
                       from.signal().substr(0, 140)));
  if (from.input().fields_size() > 0)
    report(path + ".input", "a step that waits sends no request; leave the input out");
  made.reply =
      from.reply_type().empty() ? v1::Approval::descriptor() : linked_type(from.reply_type());
  if (!made.reply)
    return report(
        path + ".reply_type",
        fmt::format("message type '{}' is not linked into this program; use one that knows "
                    "it, or leave reply_type out for {}",
                    from.reply_type().substr(0, 140), v1::Approval::descriptor()->full_name()));
  const auto* before = signal_type(*made_, made.signal);
  if (before && before != made.reply)
    report(
        path + ".reply_type",
        fmt::format("signal '{}' is a {} in another step and a {} here; give both the same type, "
                    "or another name to one",
                    made.signal, before->full_name(), made.reply->full_name()));
  if (from.has_default_reply()) check_default(from, made);
}

/// What stands for a signal that does not come in time.
void compiler::check_default(const v1::StepDefinition& from, step& made) {
  const std::string path = "steps." + from.id() + ".default";
  if (!from.timeouts().has_schedule_to_close())
    report(path,
           "a default is the reply when the time of timeouts.schedule_to_close is over; add "
           "that, or leave the default out",
           true);
  made.default_reply = check_reply(from.default_reply(), made, path, "the default ");
}

} // namespace troupe::workflow
