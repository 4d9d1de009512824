#pragma once

#include "cluster/launch/internal/yaml_fields.hpp"
#include "cluster/launch/node_config.hpp"

#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace troupe::cluster {

/// Values that the files of clusters and of nodes have in common. What is wrong is reported to `in`; what is given back then
/// is empty.

[[nodiscard]] std::set<node_role> read_roles(yaml_fields& in, const yaml_node& node,
                                             const std::string& path);
[[nodiscard]] std::optional<host_port> read_address(yaml_fields& in, const yaml_node& node,
                                                    const std::string& path);
/// An absolute path, or postgresql://...
[[nodiscard]] std::string read_store_place(yaml_fields& in, const yaml_node& node,
                                           const std::string& path,
                                           const std::filesystem::path& base);
[[nodiscard]] std::map<std::string, std::filesystem::path>
read_models(yaml_fields& in, const yaml_node& node, const std::string& path,
            const std::filesystem::path& base);
[[nodiscard]] std::vector<scheduling::resource_amount>
read_resources(yaml_fields& in, const yaml_node& node, const std::string& path);
[[nodiscard]] int read_threads(yaml_fields& in, const yaml_node& node, const std::string& path);
[[nodiscard]] std::map<std::string, std::string> read_labels(yaml_fields& in, const yaml_node& node,
                                                             const std::string& path);

struct log_settings {
  std::string level = "info";
  log_format format = log_format::text;
};
[[nodiscard]] log_settings read_log_settings(yaml_fields& in, const yaml_node& node,
                                             const std::string& path);

} // namespace troupe::cluster
