#pragma once

#include "actors/agents/process/process_policy.hpp"
#include "actors/runtime/agent_system.hpp"
#include "actors/scheduling/resources/resource_vector.hpp"
#include "actors/workflow/engine.hpp"
#include "kernels/bert/engine.hpp"
#include "kernels/result.hpp"

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace troupe {

namespace agents {
class process_service;
}
namespace bert {
class ner_model;
}
namespace inference {
class service;
}

/// What a node is made of; the store of its runs is given apart.
struct node_options {
  /// Model folders by the key of the agent that serves them: "default" is `ner.extract/default`, and `pii.redact` asks
  /// `ner.extract/pii`. Each is loaded at its first use, unless it is in `preload`.
  std::map<std::string, std::filesystem::path> models;
  /// Keys of the models that `start` loads, and fails with the reason when one does not load.
  std::vector<std::string> preload;
  bert::precision precision = bert::precision::automatic;
  /// `bert::engine_options::cache_dir`; `bert::default_cache_dir()` is where the troupe command has it.
  std::filesystem::path cache_dir{};
  /// Where messages are kept that made their agent throw too often, `workflow::sqlite_dead_letters` say; in memory by
  /// default.
  std::shared_ptr<dead_letter_store> dead_letters{};
  /// Threads that run models, at most `max_engine_threads`; 0 for one per processor.
  std::size_t engine_threads = 0;
  /// What steps may hold together, in place of what `scheduling::discover_resources` finds, by name (`cpu` in thousandths,
  /// memory in bytes, names of your own).
  std::vector<scheduling::resource_amount> resources{};
  /// What `process.run` may do; nothing by default.
  agents::process_policy process{};
  /// `workflow::engine_options::policy`, `costs` and `tenant_weights`.
  std::string policy = "aged-srpt";
  std::shared_ptr<scheduling::cost_learner> costs{};
  std::map<std::string, double> tenant_weights{};
  /// `workflow::engine_options::max_uncommitted`: how many effects a crash may repeat.
  std::size_t max_uncommitted = workflow::engine_options::unlimited;

  /// What it is called among the nodes of a cluster, in histories and in `placement` of steps.
  std::string name{};
  /// Whether attempts of its runs may go to other nodes (`workflow::engine::add_node`), which may come later.
  bool gives_work_away = false;
  /// Whether attempts of its runs run here.
  bool runs_attempts = true;

  static constexpr std::size_t max_engine_threads = 1'024;
};

/// One node in this process: the agent system with the built-in agents (files.*, ner.extract, pii.redact,
/// report.write, process.run), the inference service behind them, and a workflow engine on the given store. Several may live in one
/// process. All members may be called from any thread of the host.
class node {
public:
  /// Starts threads; nothing runs yet.
  /// @param store of the workflow engine; nullptr for a node that only answers requests.
  /// @returns `runtime_errc::bad_option` (processes and resources, too), `runtime_errc::bad_agent_name` (a model's key) or `runtime_errc::cannot_start`;
  ///   why a model of `preload` does not load.
  [[nodiscard]] static result<std::unique_ptr<node>> start(const node_options& options,
                                                           std::unique_ptr<workflow::store> store);
  /// Calls `stop`.
  ~node();
  node(const node&) = delete;
  node& operator=(const node&) = delete;

  /// Loads the model of that key now, and waits for it; at once where it is loaded. For a host that knows which models
  /// its work needs and wants to hear of a bad folder first. Not on a thread that runs agents.
  /// @returns `inference::inference_errc::unknown_model`, or why the model does not load.
  [[nodiscard]] result<void> load_model(const std::string& key);

  /// The same, and hands the model out: for work that no request to an agent can hold, such as texts that come in parts.
  [[nodiscard]] result<std::shared_ptr<const bert::ner_model>> model(const std::string& key);

  [[nodiscard]] agent_system& agents() { return *agents_; }
  /// Only with a store.
  [[nodiscard]] workflow::engine& workflows() { return *workflows_; }

  /// In one order: the workflow engine refuses and gives its runs free, agents drain, processes and models stop. Bounded; may be
  /// called again.
  void stop();

private:
  node() = default;

  std::unique_ptr<inference::service> inference_;
  std::shared_ptr<agents::process_service> processes_;
  std::unique_ptr<agent_system> agents_;
  std::unique_ptr<workflow::engine> workflows_;
};

} // namespace troupe
