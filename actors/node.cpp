#include "actors/node.hpp"

#include "actors/agents/file_agents.hpp"
#include "actors/agents/pii_agent.hpp"
#include "actors/agents/report_agent.hpp"
#include "actors/inference/ner_extract.hpp"
#include "actors/inference/service.hpp"

#include <utility>

namespace troupe {

namespace {

std::unique_ptr<inference::service> make_inference(const node_options& options) {
  inference::service_options wanted;
  wanted.threads = options.engine_threads;
  auto service = std::make_unique<inference::service>(wanted);
  bert::engine_options engine;
  engine.wanted = options.precision;
  for (const auto& [name, folder] : options.models)
    service->add_model(name, folder, engine);
  return service;
}

result<void> add_built_in_agents(agent_system& agents, inference::service& inference) {
  agent_type types[] = {agents::files_list_agent(),  agents::files_read_agent(),
                        agents::files_write_agent(), inference::ner_extract_agent(inference),
                        agents::pii_redact_agent(),  agents::report_write_agent()};
  for (auto& type : types)
    if (auto added = agents.add(std::move(type)); !added) return added;
  return {};
}

} // namespace

result<std::unique_ptr<node>> node::start(const node_options& options,
                                          std::unique_ptr<workflow::store> store) {
  std::unique_ptr<node> made{new node};
  made->inference_ = make_inference(options);
  auto agents = agent_system::start();
  if (!agents) return tl::unexpected(agents.error());
  made->agents_ = std::move(*agents);
  if (auto added = add_built_in_agents(*made->agents_, *made->inference_); !added)
    return tl::unexpected(added.error());
  if (!store) return made;
  auto workflows = workflow::engine::start(*made->agents_, std::move(store));
  if (!workflows) return tl::unexpected(workflows.error());
  made->workflows_ = std::move(*workflows);
  return made;
}

node::~node() {
  stop();
}

void node::stop() {
  if (workflows_) workflows_->stop();
  if (agents_) agents_->stop();
  if (inference_) inference_->stop();
}

} // namespace troupe
