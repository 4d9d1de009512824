#pragma once

#include "cluster/launch/cluster_spec.hpp"
#include "cluster/launch/cluster_state.hpp"
#include "cluster/launch/provider.hpp"

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace troupe::cluster {

class node_certificates;

/// The nodes that a cluster should have, in the order of its groups: those of the file, and `added` to each group.
[[nodiscard]] std::vector<node_entry> wanted_nodes(const cluster_spec& spec,
                                                   const std::map<std::string, int>& added);

/// Works out what each node is told, and sees to its certificates. Not from several threads at once.
class node_planner {
public:
  /// @param store where coordinators keep runs.
  [[nodiscard]] static result<node_planner> open(const cluster_spec& spec, std::string store);
  ~node_planner();
  node_planner(node_planner&& other) noexcept;

  [[nodiscard]] result<node_plan> plan(const node_entry& node);
  /// A certificate for whoever commands the cluster: in DATA/operator. Nothing to do where certificates come from elsewhere.
  [[nodiscard]] result<void> provide_operator();

private:
  node_planner(const cluster_spec& spec, std::string store,
               std::unique_ptr<node_certificates> certificates);
  [[nodiscard]] result<void> place(node_plan& into, const group_spec& group);
  [[nodiscard]] result<void> place_here(node_plan& into, const std::vector<std::string>& hosts);
  [[nodiscard]] result<void> place_there(node_plan& into, const ssh_provider_spec& ssh,
                                         const std::vector<std::string>& hosts);

  const cluster_spec* spec_;
  std::string store_;
  std::unique_ptr<node_certificates> certificates_;
};

/// What a node of a group is told, whatever starts it: all but where things lie.
[[nodiscard]] node_config common_config(const cluster_spec& spec, const group_spec& group,
                                        const std::string& name);

} // namespace troupe::cluster
