#pragma once

#include "cluster/launch/cluster_spec.hpp"

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace troupe::cluster {

using manifest = nlohmann::ordered_json;

/// How things of one cluster are called in Kubernetes, and where they lie in a pod.
class kubernetes_names {
public:
  explicit kubernetes_names(const cluster_spec& spec)
      : cluster_{spec.name}, space_{std::get<kubernetes_provider_spec>(spec.provider).space} {}

  static constexpr int port = 7400;
  static constexpr const char* certificates = "/etc/troupe/certs";
  static constexpr const char* configs = "/etc/troupe/nodes";
  static constexpr const char* data = "/var/lib/troupe";

  [[nodiscard]] const std::string& space() const { return space_; }
  [[nodiscard]] std::string service() const { return cluster_ + "-nodes"; }
  [[nodiscard]] std::string store_secret() const { return cluster_ + "-store"; }
  [[nodiscard]] std::string set(const group_spec& group) const {
    return cluster_ + "-" + group.name;
  }
  [[nodiscard]] std::string pod(const group_spec& group, int index) const {
    return set(group) + "-" + std::to_string(index);
  }
  /// How other pods reach it.
  [[nodiscard]] std::string host(const std::string& pod) const { return pod + "." + service(); }
  /// All names of it, for its certificate.
  [[nodiscard]] std::vector<std::string> hosts(const std::string& pod) const;
  /// On everything.
  [[nodiscard]] manifest labels() const;
  [[nodiscard]] manifest labels(const group_spec& group) const;
  /// Beginning of a manifest.
  [[nodiscard]] manifest object(const char* version, const char* kind, const std::string& name,
                                const manifest& labels) const;

private:
  std::string cluster_, space_;
};

[[nodiscard]] manifest service_of(const kubernetes_names& names);
[[nodiscard]] manifest network_policy_of(const kubernetes_names& names, const std::string& cluster);
[[nodiscard]] manifest disruption_budget_of(const kubernetes_names& names, const group_spec& group);
/// @param volume a coordinator keeps the store: each of its pods has a volume that outlives it.
/// @param files of the Secret with certificates, as (key, place below the folder).
[[nodiscard]] manifest
stateful_set_of(const kubernetes_names& names, const cluster_spec& spec, const group_spec& group,
                bool volume, bool store_password,
                const std::vector<std::pair<std::string, std::string>>& files);

} // namespace troupe::cluster
