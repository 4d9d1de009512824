#include "cluster/launch/internal/kubernetes_objects.hpp"

namespace troupe::cluster {
namespace {

/// Whom a node is in its pod: nobody that the host knows.
constexpr int pod_user = 10'001;
constexpr int private_files = 0440;

manifest probe(int period, int failures) {
  return {{"exec", {{"command", {"troupe", "probe", kubernetes_names::data}}}},
          {"periodSeconds", period},
          {"timeoutSeconds", 5},
          {"failureThreshold", failures}};
}

/// What a pod asks for is what it may have: troupe gives no more to attempts.
manifest resources_of(const group_spec& group) {
  manifest made = manifest::object();
  for (const auto& [name, amount] : group.resources) {
    if (name == "cpu") made["cpu"] = std::to_string(amount) + "m";
    if (name == "memory") made["memory"] = std::to_string(amount);
    if (name == "gpu") made["nvidia.com/gpu"] = std::to_string(amount);
  }
  return made.empty() ? made : manifest{{"requests", made}, {"limits", made}};
}

manifest environment_of(const kubernetes_names& names, bool store_password) {
  manifest made = manifest::array();
  made.push_back(
      {{"name", "POD_NAME"}, {"valueFrom", {{"fieldRef", {{"fieldPath", "metadata.name"}}}}}});
  if (store_password)
    made.push_back(
        {{"name", "PGPASSWORD"},
         {"valueFrom", {{"secretKeyRef", {{"name", names.store_secret()}, {"key", "password"}}}}}});
  return made;
}

manifest mounts() {
  return manifest::array(
      {{{"name", "nodes"}, {"mountPath", kubernetes_names::configs}, {"readOnly", true}},
       {{"name", "certificates"},
        {"mountPath", kubernetes_names::certificates},
        {"readOnly", true}},
       {{"name", "data"}, {"mountPath", kubernetes_names::data}},
       {{"name", "scratch"}, {"mountPath", "/tmp"}}});
}

manifest container_of(const kubernetes_names& names, const cluster_spec& spec,
                      const group_spec& group, bool store_password) {
  manifest made{{"name", "troupe"},
                {"image", std::get<kubernetes_provider_spec>(spec.provider).image},
                {"command",
                 {"troupe", "node", "--config",
                  std::string{kubernetes_names::configs} + "/$(POD_NAME).yaml"}},
                {"env", environment_of(names, store_password)},
                {"ports", manifest::array(
                              {{{"name", "fabric"}, {"containerPort", kubernetes_names::port}}})}};
  if (auto resources = resources_of(group); !resources.empty()) made["resources"] = resources;
  // Nothing is asked over the network: the fabric answers nobody without a certificate.
  made["startupProbe"] = probe(1, 300);
  made["readinessProbe"] = probe(5, 1);
  made["livenessProbe"] = probe(10, 6);
  made["securityContext"] = {{"allowPrivilegeEscalation", false},
                             {"readOnlyRootFilesystem", true},
                             {"capabilities", {{"drop", manifest::array({"ALL"})}}}};
  made["volumeMounts"] = mounts();
  return made;
}

manifest volumes_of(const kubernetes_names& names, const group_spec& group, bool volume,
                    const std::vector<std::pair<std::string, std::string>>& files) {
  manifest items = manifest::array();
  for (const auto& [key, place] : files)
    items.push_back({{"key", key}, {"path", place}});
  manifest made = manifest::array();
  made.push_back({{"name", "nodes"}, {"configMap", {{"name", names.set(group) + "-nodes"}}}});
  made.push_back({{"name", "certificates"},
                  {"secret",
                   {{"secretName", names.set(group) + "-certificates"},
                    {"defaultMode", private_files},
                    {"items", items}}}});
  made.push_back({{"name", "scratch"}, {"emptyDir", manifest::object()}});
  if (!volume) made.push_back({{"name", "data"}, {"emptyDir", manifest::object()}});
  return made;
}

manifest claim_of(const kubernetes_provider_spec& provider) {
  manifest spec{{"accessModes", manifest::array({"ReadWriteOnce"})},
                {"resources", {{"requests", {{"storage", provider.storage}}}}}};
  if (!provider.storage_class.empty()) spec["storageClassName"] = provider.storage_class;
  return {{"metadata", {{"name", "data"}}}, {"spec", spec}};
}

manifest pod_of(const kubernetes_names& names, const cluster_spec& spec, const group_spec& group,
                bool volume, bool store_password,
                const std::vector<std::pair<std::string, std::string>>& files) {
  const auto patience = std::chrono::ceil<std::chrono::seconds>(spec.drain + spec.grace);
  manifest made{{"terminationGracePeriodSeconds", patience.count()},
                {"automountServiceAccountToken", false},
                {"securityContext",
                 {{"runAsNonRoot", true},
                  {"runAsUser", pod_user},
                  {"runAsGroup", pod_user},
                  {"fsGroup", pod_user},
                  {"seccompProfile", {{"type", "RuntimeDefault"}}}}}};
  if (!group.node_selector.empty()) made["nodeSelector"] = group.node_selector;
  made["containers"] = manifest::array({container_of(names, spec, group, store_password)});
  made["volumes"] = volumes_of(names, group, volume, files);
  return made;
}

} // namespace

std::vector<std::string> kubernetes_names::hosts(const std::string& pod) const {
  std::vector<std::string> all{"127.0.0.1", "localhost", pod, host(pod)};
  if (space_.empty()) return all;
  all.push_back(host(pod) + "." + space_ + ".svc");
  all.push_back(all.back() + ".cluster.local");
  return all;
}

manifest kubernetes_names::labels() const {
  return {{"app.kubernetes.io/name", "troupe"}, {"app.kubernetes.io/instance", cluster_}};
}

manifest kubernetes_names::labels(const group_spec& group) const {
  auto made = labels();
  made["app.kubernetes.io/component"] = group.name;
  return made;
}

manifest kubernetes_names::object(const char* version, const char* kind, const std::string& name,
                                  const manifest& labels) const {
  manifest metadata{{"name", name}};
  if (!space_.empty()) metadata["namespace"] = space_;
  metadata["labels"] = labels;
  return {{"apiVersion", version}, {"kind", kind}, {"metadata", metadata}};
}

manifest service_of(const kubernetes_names& names) {
  auto made = names.object("v1", "Service", names.service(), names.labels());
  // Nodes find each other before they are ready: that is how they become so.
  made["spec"] = {{"clusterIP", "None"},
                  {"publishNotReadyAddresses", true},
                  {"selector", names.labels()},
                  {"ports", manifest::array({{{"name", "fabric"},
                                              {"port", kubernetes_names::port},
                                              {"targetPort", "fabric"}}})}};
  return made;
}

manifest network_policy_of(const kubernetes_names& names, const std::string& cluster) {
  auto made =
      names.object("networking.k8s.io/v1", "NetworkPolicy", cluster + "-fabric", names.labels());
  const manifest peers{{"podSelector", {{"matchLabels", names.labels()}}}};
  made["spec"] = {
      {"podSelector", {{"matchLabels", names.labels()}}},
      {"policyTypes", manifest::array({"Ingress"})},
      {"ingress",
       manifest::array(
           {{{"from", manifest::array({peers})},
             {"ports", manifest::array({{{"protocol", "TCP"}, {"port", "fabric"}}})}}})}};
  return made;
}

manifest disruption_budget_of(const kubernetes_names& names, const group_spec& group) {
  auto made =
      names.object("policy/v1", "PodDisruptionBudget", names.set(group), names.labels(group));
  made["spec"] = {{"maxUnavailable", 1}, {"selector", {{"matchLabels", names.labels(group)}}}};
  return made;
}

manifest stateful_set_of(const kubernetes_names& names, const cluster_spec& spec,
                         const group_spec& group, bool volume, bool store_password,
                         const std::vector<std::pair<std::string, std::string>>& files) {
  auto made = names.object("apps/v1", "StatefulSet", names.set(group), names.labels(group));
  made["spec"] = {{"serviceName", names.service()},
                  {"replicas", group.count},
                  {"podManagementPolicy", "Parallel"},
                  {"selector", {{"matchLabels", names.labels(group)}}},
                  {"template",
                   {{"metadata", {{"labels", names.labels(group)}}},
                    {"spec", pod_of(names, spec, group, volume, store_password, files)}}}};
  if (volume)
    made["spec"]["volumeClaimTemplates"] =
        manifest::array({claim_of(std::get<kubernetes_provider_spec>(spec.provider))});
  return made;
}

} // namespace troupe::cluster
