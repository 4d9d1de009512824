#include "actors/node.hpp"

#include "actors/agents/file_agents.hpp"
#include "actors/agents/pii_agent.hpp"
#include "actors/agents/process/process_agent.hpp"
#include "actors/agents/report_agent.hpp"
#include "actors/inference/ner_extract.hpp"
#include "actors/inference/service.hpp"
#include "actors/runtime/errc.hpp"
#include "actors/scheduling/resources/discovery.hpp"
#include "actors/scheduling/resources/node_class.hpp"
#include "actors/scheduling/resources/resource_text.hpp"

#include <string>
#include <system_error>
#include <utility>

namespace troupe {

namespace {

result<std::unique_ptr<inference::service>> make_inference(const node_options& options) {
  if (options.engine_threads > node_options::max_engine_threads)
    return fail(runtime_errc::bad_option,
                "engine_threads is " + std::to_string(options.engine_threads) + ", at most " +
                    std::to_string(node_options::max_engine_threads) + " make sense");
  inference::service_options wanted;
  wanted.threads = options.engine_threads;
  try {
    return std::make_unique<inference::service>(wanted);
  } catch (const std::system_error& thrown) {
    return fail(runtime_errc::cannot_start, std::string{"threads for models: "} + thrown.what());
  }
}

result<void> add_models(inference::service& inference, const node_options& options) {
  bert::engine_options engine;
  engine.wanted = options.precision;
  engine.cache_dir = options.cache_dir;
  for (const auto& [key, folder] : options.models) {
    if (auto name = agent_name::parse("ner.extract/" + key); !name)
      return fail(name.error().code, "the key '" + key + "' of a model: " + name.error().context);
    inference.add_model(key, folder, engine);
  }
  for (const auto& key : options.preload)
    if (auto loaded = inference.load_model(key); !loaded) return loaded;
  return {};
}

result<void> add_built_in_agents(agent_system& agents, inference::service& inference,
                                 std::shared_ptr<agents::process_service> processes) {
  agent_type types[] = {agents::files_list_agent(),
                        agents::files_read_agent(),
                        agents::files_write_agent(),
                        inference::ner_extract_agent(inference),
                        agents::pii_redact_agent(),
                        agents::report_write_agent(),
                        agents::process_run_agent(std::move(processes))};
  for (auto& type : types)
    if (auto added = agents.add(std::move(type)); !added) return added;
  return {};
}

result<workflow::engine_options> engine_options_of(const node_options& options) {
  if (const auto good = scheduling::make_resources(options.resources); !good)
    return fail(runtime_errc::bad_option, "resources: " + good.error());
  workflow::engine_options made;
  made.resources = scheduling::discover_resources(options.resources).capacity;
  made.node_class = scheduling::node_class();
  made.policy = options.policy;
  made.costs = options.costs;
  made.tenant_weights = options.tenant_weights;
  made.max_uncommitted = options.max_uncommitted;
  made.node_name = options.name;
  made.may_grow = options.gives_work_away;
  if (!options.runs_attempts) made.local_agents = scheduling::agent_offer{};
  return made;
}

} // namespace

result<std::unique_ptr<node>> node::start(const node_options& options,
                                          std::unique_ptr<workflow::store> store) {
  std::unique_ptr<node> made{new node};
  auto inference = make_inference(options);
  if (!inference) return tl::unexpected(inference.error());
  made->inference_ = std::move(*inference);
  if (auto added = add_models(*made->inference_, options); !added)
    return tl::unexpected(added.error());
  if (auto good = agents::check(options.process); !good) return tl::unexpected(good.error());
  made->processes_ = std::make_shared<agents::process_service>(options.process);
  agent_system_options wanted;
  wanted.dead_letters = options.dead_letters;
  auto agents = agent_system::start(std::move(wanted));
  if (!agents) return tl::unexpected(agents.error());
  made->agents_ = std::move(*agents);
  if (auto added = add_built_in_agents(*made->agents_, *made->inference_, made->processes_); !added)
    return tl::unexpected(added.error());
  if (!store) return made;
  auto how = engine_options_of(options);
  if (!how) return tl::unexpected(how.error());
  auto workflows = workflow::engine::start(*made->agents_, std::move(store), std::move(*how));
  if (!workflows) return tl::unexpected(workflows.error());
  made->workflows_ = std::move(*workflows);
  return made;
}

node::~node() {
  stop();
}

result<void> node::load_model(const std::string& key) {
  return inference_->load_model(key);
}

result<std::shared_ptr<const bert::ner_model>> node::model(const std::string& key) {
  return inference_->model(key);
}

void node::stop() {
  if (workflows_) workflows_->stop();
  if (agents_) agents_->stop();
  if (processes_) processes_->stop();
  if (inference_) inference_->stop();
}

} // namespace troupe
