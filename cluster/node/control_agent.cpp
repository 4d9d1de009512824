#include "cluster/node/control_agent.hpp"

#include "actors/runtime/typed_agent.hpp"
#include "actors/scheduling/resources/resource_text.hpp"
#include "actors/workflow/definition.hpp"
#include "actors/workflow/diagnostic.hpp"
#include "actors/workflow/errors.hpp"
#include "actors/workflow/inputs.hpp"
#include "cluster/membership/errc.hpp"
#include "cluster/node/defaults.hpp"
#include "cluster/node/internal/node_parts.hpp"
#include "troupe/v1/control.pb.h"

#include <algorithm>
#include <map>
#include <vector>

namespace troupe::cluster {
namespace {

tl::unexpected<failure> refused(const error& why) {
  const bool again = why.code == workflow_errc::store_busy ||
                     why.code == workflow_errc::store_unavailable ||
                     why.code == workflow_errc::run_owned;
  return tl::unexpected(
      failure{why.code == workflow_errc::run_unknown ? "workflow.run_unknown" : "workflow.refused",
              why.message(), again});
}

/// How many attempts of this coordinator each node has.
std::map<std::string, std::uint32_t> attempts_by_node(workflow::engine& engine) {
  std::map<std::string, std::uint32_t> made;
  if (const auto nodes = engine.nodes())
    for (const workflow::node_at_work& each : *nodes)
      made[each.is.name] = static_cast<std::uint32_t>(each.in_flight);
  return made;
}

v1::ClusterNode report_of(const member_record& one, const membership_view& within,
                          const std::map<std::string, std::uint32_t>& attempts) {
  v1::ClusterNode made;
  made.set_name(one.node);
  made.set_incarnation(one.incarnation);
  for (const node_role role : one.roles)
    made.add_roles(std::string{to_string(role)});
  made.set_state(std::string{to_string(one.state)});
  if (!one.addresses.empty()) made.set_address(one.addresses.front());
  made.set_build(one.build);
  made.set_node_class(one.node_class);
  made.set_suspected(within.is_suspected(one.node));
  made.set_resources(scheduling::format_resources(one.resources));
  if (const auto found = attempts.find(one.node); found != attempts.end())
    made.set_attempts(found->second);
  made.set_joined_micros(
      std::chrono::floor<std::chrono::microseconds>(one.joined.time_since_epoch()).count());
  return made;
}

/// One for each key: they are without state, all of it is the node's.
class control {
public:
  explicit control(node_parts& of) : node_(of) {}

  reply<v1::SubmitRunReply> submit(const v1::SubmitRunRequest& asked, const call_context&) {
    auto definition = workflow::compile_definition(asked.definition(), &node_.here().agents());
    if (!definition)
      return tl::unexpected(
          failure{"cluster.bad_request", workflow::to_string(definition.error()), false});
    const std::vector<std::string> texts(asked.inputs().begin(), asked.inputs().end());
    const auto inputs = workflow::parse_inputs(**definition, texts);
    if (!inputs)
      return tl::unexpected(failure{"cluster.bad_request", inputs.error().message(), false});
    if (asked.deadline_nanos() < 0)
      return tl::unexpected(
          failure{"cluster.bad_request", "a deadline before the run begins", false});
    workflow::submit_options how;
    how.run_id = asked.run_id();
    how.priority = asked.priority();
    how.deadline = std::chrono::nanoseconds{asked.deadline_nanos()};
    how.tenant = asked.tenant();
    for (const auto& [key, value] : asked.tags())
      how.tags[key] = value;
    auto started = node_.here().workflows().submit(*definition, *inputs, how);
    if (!started) return refused(started.error());
    v1::SubmitRunReply made;
    made.set_run_id(*started);
    return made;
  }

  reply<v1::AwaitRunReply> await(const v1::AwaitRunRequest& asked, const call_context&) {
    auto& engine = node_.here().workflows();
    const std::chrono::milliseconds limit{asked.wait_millis()};
    auto closed = engine.wait(asked.run_id(), std::min(limit, node_defaults::await_longest));
    // Whoever has it at work, its history says how it stands.
    if (!closed && closed.error().code == workflow_errc::timed_out)
      closed = engine.summary(asked.run_id());
    if (!closed) return refused(closed.error());
    v1::AwaitRunReply made;
    *made.mutable_run() = std::move(*closed);
    return made;
  }

  reply<v1::CancelRunReply> cancel(const v1::CancelRunRequest& asked, const call_context&) {
    const auto outcome = node_.here().workflows().cancel(asked.run_id(), asked.reason());
    if (!outcome) return refused(outcome.error());
    constexpr const char* names[] = {"done", "requested", "compensating", "cancelling"};
    v1::CancelRunReply made;
    made.set_outcome(names[static_cast<std::size_t>(*outcome)]);
    return made;
  }

  reply<v1::ClusterNodesReply> nodes(const v1::ClusterNodesRequest&, const call_context&) {
    const view_ptr now = node_.view();
    const auto attempts = attempts_by_node(node_.here().workflows());
    v1::ClusterNodesReply made;
    made.set_coordinator(node_.name());
    for (const member_ptr& each : now->members())
      *made.add_nodes() = report_of(*each, *now, attempts);
    return made;
  }

  void drain(std::shared_ptr<const v1::DrainNodeRequest> asked, std::shared_ptr<const call_context>,
             typed_responder<v1::DrainNodeReply> respond) {
    const member_ptr found = node_.view()->find(asked->node());
    if (!found)
      return respond.fail({"cluster.unknown_node",
                           "there is no member " + asked->node() + "; troupe ps shows who is",
                           false});
    node_.drain_member(found->key(), [this, respond, name = asked->node()](reply<void> done) {
      if (!done) return respond.fail(done.error());
      v1::DrainNodeReply made;
      made.set_attempts(attempts_by_node(node_.here().workflows())[name]);
      respond(made);
    });
  }

private:
  node_parts& node_;
};

} // namespace

agent_type make_control_agent(node_parts& of) {
  agent_options options;
  options.blocking = true;
  options.max_concurrency = 8;
  return stateful_agent<control>(std::string{control_agent_type},
                                 "What operators ask of a coordinator",
                                 [&of](const agent_name&) -> reply<std::unique_ptr<control>> {
                                   return std::make_unique<control>(of);
                                 })
      .on(&control::submit)
      .on(&control::await)
      .on(&control::cancel)
      .on(&control::nodes)
      .on(&control::drain)
      .options(options)
      .build();
}

} // namespace troupe::cluster
