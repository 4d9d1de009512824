#pragma once

#include "actors/runtime/agent_system.hpp"
#include "actors/workflow/engine.hpp"
#include "kernels/bert/engine.hpp"
#include "kernels/result.hpp"

#include <filesystem>
#include <map>
#include <memory>
#include <string>

namespace troupe {

namespace inference {
class service;
}

/// What a node is made of; the store of its runs is given apart.
struct node_options {
  /// Model folders by the key of the agent that serves them: "default" is `ner.extract/default`, and `pii.redact` asks
  /// `ner.extract/pii`. Each is loaded at its first use.
  std::map<std::string, std::filesystem::path> models;
  bert::precision precision = bert::precision::automatic;
  /// Threads that run models; 0 for one per processor.
  std::size_t engine_threads = 0;
};

/// One node in this process: the agent system with the built-in agents (files.*, ner.extract, pii.redact,
/// report.write), the inference service behind them, and a workflow engine on the given store. Several may live in one
/// process. All members may be called from any thread of the host.
class node {
public:
  /// Starts threads; nothing runs yet.
  /// @param store of the workflow engine; nullptr for a node that only answers requests.
  [[nodiscard]] static result<std::unique_ptr<node>> start(const node_options& options,
                                                           std::unique_ptr<workflow::store> store);
  /// Calls `stop`.
  ~node();
  node(const node&) = delete;
  node& operator=(const node&) = delete;

  [[nodiscard]] agent_system& agents() { return *agents_; }
  /// Only with a store.
  [[nodiscard]] workflow::engine& workflows() { return *workflows_; }

  /// In one order: the workflow engine refuses and gives its runs free, agents drain, models stop. Bounded; may be
  /// called again.
  void stop();

private:
  node() = default;

  std::unique_ptr<inference::service> inference_;
  std::unique_ptr<agent_system> agents_;
  std::unique_ptr<workflow::engine> workflows_;
};

} // namespace troupe
