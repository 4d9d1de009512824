#include "cluster/launch/node_plans.hpp"

#include "cluster/launch/internal/node_certificates.hpp"
#include "cluster/launch/internal/node_folder.hpp"
#include "cluster/launch/internal/slurm_provider.hpp"
#include "cluster/launch/internal/ssh_provider.hpp"
#include "cluster/pki/files.hpp"

#include <algorithm>

namespace troupe::cluster {
namespace {

namespace fs = std::filesystem;

/// Every interface: where a provider's nodes are on several hosts.
const host_port everywhere{"0.0.0.0", 0};

result<node_file> file_for_node(const fs::path& from, const std::string& name, bool secret) {
  auto text = read_file(from, launch_defaults::file_bytes);
  if (!text) return tl::unexpected(std::move(text.error()));
  return node_file{name, std::move(*text), secret};
}

/// Names and addresses that a node's certificate is for, none twice.
std::vector<std::string> certificate_hosts(const node_entry& node, const group_spec& group) {
  std::vector<std::string> all{"127.0.0.1", "localhost", node.name};
  const auto add = [&](const std::string& host) {
    if (!host.empty() && host != everywhere.host &&
        std::find(all.begin(), all.end(), host) == all.end())
      all.push_back(host);
  };
  add(node.host);
  if (group.listen) add(group.listen->host);
  if (group.advertise) add(group.advertise->host);
  for (const auto& each : group.certificate_hosts)
    add(each);
  return all;
}

} // namespace

std::vector<node_entry> wanted_nodes(const cluster_spec& spec,
                                     const std::map<std::string, int>& added) {
  std::vector<node_entry> all;
  for (const auto& group : spec.groups) {
    const auto more = added.find(group.name);
    const int count = group.count + (more == added.end() ? 0 : more->second);
    for (int i = 0; i < count; ++i) {
      node_entry one{group.name + "-" + std::to_string(i + 1), group.name, {}};
      if (!group.hosts.empty())
        one.host = group.hosts[static_cast<std::size_t>(i) % group.hosts.size()];
      all.push_back(std::move(one));
    }
  }
  return all;
}

node_config common_config(const cluster_spec& spec, const group_spec& group,
                          const std::string& name) {
  node_config made;
  made.cluster = spec.name;
  made.name = name;
  made.roles = group.roles;
  if (group.listen) made.listen = *group.listen;
  made.advertise = group.advertise;
  made.models = spec.models;
  for (const auto& [use, folder] : group.models)
    made.models[use] = folder;
  made.resources = group.resources;
  made.engine_threads = group.engine_threads;
  made.labels = group.labels;
  made.drain = spec.drain;
  made.log_level = spec.log_level;
  made.log = spec.log;
  return made;
}

node_planner::node_planner(const cluster_spec& spec, std::string store,
                           std::unique_ptr<node_certificates> certificates)
    : spec_{&spec}, store_{std::move(store)}, certificates_{std::move(certificates)} {}
node_planner::~node_planner() = default;
node_planner::node_planner(node_planner&& other) noexcept = default;

result<node_planner> node_planner::open(const cluster_spec& spec, std::string store) {
  auto certificates = node_certificates::open(spec);
  if (!certificates) return tl::unexpected(std::move(certificates.error()));
  return node_planner{spec, std::move(store),
                      std::make_unique<node_certificates>(std::move(*certificates))};
}

result<node_plan> node_planner::plan(const node_entry& node) {
  const auto* group = spec_->group(node.group);
  if (!group)
    return fail(launch_errc::not_found, "node " + node.name + ": the file has no group '" +
                                            node.group +
                                            "' any more; put it back, or stop the "
                                            "cluster first");
  node_plan made{node, common_config(*spec_, *group, node.name), {}, group->options};
  if (group->roles.contains(node_role::coordinator)) made.config.store = store_;
  if (auto placed = place(made, *group); !placed) return tl::unexpected(std::move(placed.error()));
  return made;
}

result<void> node_planner::place(node_plan& into, const group_spec& group) {
  const auto hosts = certificate_hosts(into.entry, group);
  if (const auto* ssh = std::get_if<ssh_provider_spec>(&spec_->provider)) {
    if (!group.listen) into.config.listen = everywhere;
    if (!group.advertise && into.config.listen.host == everywhere.host)
      into.config.advertise = host_port{into.entry.host, 0};
    return place_there(into, *ssh, hosts);
  }
  if (kind_of(spec_->provider) == "slurm") {
    if (!group.listen) into.config.listen = everywhere;
    if (!group.advertise && into.config.listen.host == everywhere.host)
      into.config.advertise = host_port{slurm_host, 0};
  }
  return place_here(into, hosts);
}

result<void> node_planner::place_here(node_plan& into, const std::vector<std::string>& hosts) {
  const node_folder folder{spec_->data, into.entry.name};
  if (auto made = folder.prepare(); !made) return made;
  auto certificates =
      certificates_->provide(into.entry.name, into.config.roles, hosts, folder.certificates());
  if (!certificates) return tl::unexpected(std::move(certificates.error()));
  into.config.certificates = *certificates;
  into.config.revocations = certificates_->revocations();
  into.config.data = folder.path();
  into.config.seeds_file = folder.path() / "seeds";
  return {};
}

result<void> node_planner::place_there(node_plan& into, const ssh_provider_spec& ssh,
                                       const std::vector<std::string>& hosts) {
  const auto& name = into.entry.name;
  const node_folder folder{spec_->data, name};
  if (auto made = folder.prepare(); !made) return made;
  const auto certificates =
      certificates_->provide(name, into.config.roles, hosts, folder.certificates());
  if (!certificates) return tl::unexpected(certificates.error());
  for (const auto& [file, secret] :
       {std::pair{name + ".pem", false}, std::pair{name + ".key", true},
        std::pair{std::string{"ca.pem"}, false}}) {
    auto brought = file_for_node(*certificates / file, "certs/" + file, secret);
    if (!brought) return tl::unexpected(std::move(brought.error()));
    into.files.push_back(std::move(*brought));
  }
  std::error_code none;
  for (const auto& each : fs::directory_iterator{certificates_->revocations(), none}) {
    auto brought =
        file_for_node(each.path(), "certs/crl/" + each.path().filename().string(), false);
    if (!brought) return tl::unexpected(std::move(brought.error()));
    into.files.push_back(std::move(*brought));
  }
  const fs::path there = remote_folder(ssh, spec_->name, name);
  into.config.certificates = there / "certs";
  into.config.revocations = there / "certs/crl";
  into.config.data = there;
  into.config.seeds_file = there / "seeds";
  if (!into.config.store.empty() && spec_->store.place.empty())
    into.config.store = (there / "runs.db").string();
  return {};
}

result<void> node_planner::provide_operator() {
  if (!spec_->certificates.empty()) return {};
  const auto made = certificates_->provide("operator", {node_role::operator_}, {"localhost"},
                                           spec_->data / "operator");
  if (!made) return tl::unexpected(made.error());
  return {};
}

} // namespace troupe::cluster
