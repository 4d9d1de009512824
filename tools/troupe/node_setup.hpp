#pragma once

#include "actors/node.hpp"
#include "actors/workflow/live/snapshot_publisher.hpp"
#include "tools/troupe/precision_option.hpp"
#include "tools/troupe/process_option.hpp"
#include "tools/troupe/resources_option.hpp"
#include "tools/troupe/retention_option.hpp"
#include "tools/troupe/store_option.hpp"
#include "tools/troupe/tenant_weights_option.hpp"

#include <memory>
#include <string>

namespace troupe::cli {

/// The node of a command that does the work of runs: its options, and what is made of them.
class node_setup {
public:
  void add_to(CLI::App& command);

  /// Opens the store, the dead letters and the learnt run times in it, and starts a node over them with the built-in
  /// models. Blocks.
  /// @param must_exist refuses to make a new store.
  [[nodiscard]] result<std::unique_ptr<node>> start(bool must_exist) const;
  /// Removes old runs of the store while it lives, where that was asked for; for when the node is there. Not after this.
  [[nodiscard]] std::unique_ptr<workflow::retention> start_retention() const {
    return retention_.start(store_);
  }
  /// Posts what the node has at work beside its store while it lives, for `troupe top`; nullptr where there is no place
  /// for it. Not after the node.
  [[nodiscard]] std::unique_ptr<workflow::snapshot_publisher> start_publisher(node& of) const;
  [[nodiscard]] const store_option& store() const { return store_; }

private:
  store_option store_;
  precision_option precision_;
  resources_option resources_;
  process_option process_;
  retention_option retention_;
  tenant_weights_option tenant_weights_;
  std::string policy_ = node_options{}.policy;
  std::size_t max_uncommitted_ = node_options{}.max_uncommitted;
};

} // namespace troupe::cli
