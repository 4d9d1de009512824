#include "cluster/launch/kubernetes_manifests.hpp"

#include "cluster/launch/internal/kubernetes_objects.hpp"
#include "cluster/launch/internal/node_certificates.hpp"
#include "cluster/launch/internal/node_folder.hpp"
#include "cluster/launch/internal/store_address.hpp"
#include "cluster/launch/internal/yaml_writer.hpp"
#include "cluster/launch/node_plans.hpp"
#include "cluster/pki/files.hpp"

namespace troupe::cluster {
namespace {

namespace fs = std::filesystem;

/// Keys and texts of a Secret with certificates, and where each goes below the folder.
struct certificate_files {
  manifest texts = manifest::object();
  std::vector<std::pair<std::string, std::string>> places;

  result<void> add(const fs::path& from, const std::string& key, const std::string& place) {
    if (texts.contains(key)) return {};
    auto text = read_file(from, launch_defaults::file_bytes);
    if (!text) return tl::unexpected(std::move(text.error()));
    texts[key] = std::move(*text);
    places.emplace_back(key, place);
    return {};
  }
};

class manifest_writer {
public:
  manifest_writer(const cluster_spec& spec, fs::path folder, node_certificates certificates)
      : spec_{spec}, names_{spec}, folder_{std::move(folder)},
        certificates_{std::move(certificates)}, store_{split_address(spec.store.place)} {}

  result<std::vector<fs::path>> write() {
    if (auto made = make_folder(folder_); !made) return tl::unexpected(std::move(made.error()));
    auto done = write_common();
    for (const auto& group : spec_.groups)
      if (done) done = write_group(group);
    if (!done) return tl::unexpected(std::move(done.error()));
    return std::move(written_);
  }

private:
  result<void> put(const std::string& name, const std::vector<manifest>& objects, bool secret) {
    std::string text;
    for (const auto& each : objects)
      text += (text.empty() ? "" : "---\n") + to_yaml_document(each);
    written_.push_back(folder_ / name);
    return write_file(written_.back(), text, secret ? private_mode : public_mode);
  }

  result<void> write_common() {
    auto done =
        put("cluster.yaml", {service_of(names_), network_policy_of(names_, spec_.name)}, false);
    if (!done || store_.password.empty()) return done;
    auto secret = names_.object("v1", "Secret", names_.store_secret(), names_.labels());
    secret["type"] = "Opaque";
    secret["stringData"] = {{"password", store_.password}};
    return put("store-secret.yaml", {secret}, true);
  }

  result<void> write_group(const group_spec& group) {
    const bool owns = group.roles.contains(node_role::coordinator);
    const bool volume = owns && spec_.store.place.empty();
    certificate_files certificates;
    manifest configs = manifest::object();
    for (int i = 0; i < group.count; ++i) {
      const auto pod = names_.pod(group, i);
      configs[pod + ".yaml"] = to_yaml(config_of(group, pod));
      if (auto added = add_certificates(group, pod, certificates); !added) return added;
    }
    auto map = names_.object("v1", "ConfigMap", names_.set(group) + "-nodes", names_.labels(group));
    map["data"] = std::move(configs);
    auto secret =
        names_.object("v1", "Secret", names_.set(group) + "-certificates", names_.labels(group));
    secret["type"] = "Opaque";
    secret["stringData"] = std::move(certificates.texts);
    if (auto done = put(group.name + "-certificates.yaml", {secret}, true); !done) return done;
    return put(group.name + ".yaml",
               {map,
                stateful_set_of(names_, spec_, group, volume, owns && !store_.password.empty(),
                                certificates.places),
                disruption_budget_of(names_, group)},
               false);
  }

  [[nodiscard]] node_config config_of(const group_spec& group, const std::string& pod) const {
    auto made = common_config(spec_, group, pod);
    made.listen = {"0.0.0.0", kubernetes_names::port};
    if (!made.advertise) made.advertise = host_port{names_.host(pod), kubernetes_names::port};
    made.certificates = kubernetes_names::certificates;
    made.revocations = made.certificates / "crl";
    made.data = kubernetes_names::data;
    for (const auto& each : spec_.groups)
      for (int i = 0; each.roles.contains(node_role::coordinator) && i < each.count; ++i)
        if (const auto other = names_.pod(each, i); other != pod)
          made.seeds.push_back(to_string({names_.host(other), kubernetes_names::port}));
    if (group.roles.contains(node_role::coordinator))
      made.store = spec_.store.place.empty() ? std::string{kubernetes_names::data} + "/runs.db"
                                             : store_.bare;
    return made;
  }

  result<void> add_certificates(const group_spec& group, const std::string& pod,
                                certificate_files& into) {
    auto hosts = names_.hosts(pod);
    hosts.insert(hosts.end(), group.certificate_hosts.begin(), group.certificate_hosts.end());
    const node_folder own{spec_.data, pod};
    const auto from = certificates_.provide(pod, group.roles, hosts, own.certificates());
    if (!from) return tl::unexpected(from.error());
    for (const auto& name : {pod + ".pem", pod + ".key", std::string{"ca.pem"}})
      if (auto added = into.add(*from / name, name, name); !added) return added;
    std::error_code none;
    for (const auto& each : fs::directory_iterator{certificates_.revocations(), none}) {
      const auto name = each.path().filename().string();
      if (auto added = into.add(each.path(), "crl." + name, "crl/" + name); !added) return added;
    }
    return {};
  }

  const cluster_spec& spec_;
  kubernetes_names names_;
  fs::path folder_;
  node_certificates certificates_;
  store_address store_;
  std::vector<fs::path> written_;
};

} // namespace

result<std::vector<fs::path>> write_manifests(const cluster_spec& spec, const fs::path& folder) {
  if (!std::holds_alternative<kubernetes_provider_spec>(spec.provider))
    return fail(launch_errc::unsupported, "manifests are for 'provider: {kind: kubernetes}'; this "
                                          "cluster is started with troupe up alone");
  if (!spec.store.place.empty() && !spec.store.place.starts_with("postgresql://"))
    return fail(launch_errc::bad_file, "a path of a store means nothing in a pod; leave 'path' out "
                                       "for a file on a volume, or name a PostgreSQL server");
  auto certificates = node_certificates::open(spec);
  if (!certificates) return tl::unexpected(std::move(certificates.error()));
  return manifest_writer{spec, folder, std::move(*certificates)}.write();
}

} // namespace troupe::cluster
