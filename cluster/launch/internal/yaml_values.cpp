#include "cluster/launch/internal/yaml_values.hpp"

#include <algorithm>

namespace troupe::cluster {
namespace {

constexpr int most_threads = 4'096;

} // namespace

std::set<node_role> read_roles(yaml_fields& in, const yaml_node& node, const std::string& path) {
  std::set<node_role> roles;
  in.elements(node, path, [&](const yaml_node& each, const std::string& at) {
    const auto named = in.word(each, at, {"coordinator", "worker", "gateway"});
    if (const auto role = role_of(named)) roles.insert(*role);
  });
  if (node.what == yaml_node::kind::sequence && node.elements.empty())
    in.report(node, "'" + path + "' is empty; name one of coordinator, worker and gateway");
  return roles;
}

std::optional<host_port> read_address(yaml_fields& in, const yaml_node& node,
                                      const std::string& path) {
  const auto given = in.text(node, path);
  if (given.empty()) return std::nullopt;
  const auto read = parse_host_port(given);
  if (!in.accept(node, path, read)) return std::nullopt;
  return *read;
}

std::string read_store_place(yaml_fields& in, const yaml_node& node, const std::string& path,
                             const std::filesystem::path& base) {
  const auto given = in.text(node, path);
  if (given.empty() || given.starts_with("postgresql://")) return given;
  if (given.find("://") == std::string::npos) return (base / given).lexically_normal().string();
  // Without what stands before the host: it may have a password.
  in.report(node, "'" + path +
                      "' is neither a path nor postgresql://USER@HOST:PORT/DATABASE; "
                      "write one of these");
  return {};
}

std::map<std::string, std::filesystem::path> read_models(yaml_fields& in, const yaml_node& node,
                                                         const std::string& path,
                                                         const std::filesystem::path& base) {
  std::map<std::string, std::filesystem::path> models;
  in.mapping(
      node, path,
      {{"default", [&](auto& value, auto& at) { models["default"] = in.file(value, at, base); }},
       {"pii", [&](auto& value, auto& at) { models["pii"] = in.file(value, at, base); }}});
  return models;
}

std::vector<scheduling::resource_amount> read_resources(yaml_fields& in, const yaml_node& node,
                                                        const std::string& path) {
  std::vector<scheduling::resource_amount> all;
  in.entries(node, path, [&](const yaml_node& key, const yaml_node& value, const std::string& at) {
    if (!in.accept(key, at, scheduling::check_resource_name(key.text))) return;
    const auto given = in.text(value, at);
    if (given.empty()) return;
    const auto amount = scheduling::parse_amount(key.text, given);
    if (in.accept(value, at, amount)) all.push_back({key.text, *amount});
  });
  if (all.size() > scheduling::most_custom_resources)
    in.accept(node, path, scheduling::make_resources(all));
  return all;
}

int read_threads(yaml_fields& in, const yaml_node& node, const std::string& path) {
  return in.whole(node, path, 1, most_threads);
}

std::map<std::string, std::string> read_labels(yaml_fields& in, const yaml_node& node,
                                               const std::string& path) {
  std::map<std::string, std::string> all;
  in.entries(node, path, [&](const yaml_node& key, const yaml_node& value, const std::string& at) {
    // Names of the same form as those of resources.
    if (in.accept(key, at, scheduling::check_resource_name(key.text)))
      all[key.text] = in.text(value, at);
  });
  return all;
}

log_settings read_log_settings(yaml_fields& in, const yaml_node& node, const std::string& path) {
  log_settings made;
  in.mapping(
      node, path,
      {{"level",
        [&](auto& value, auto& at) {
          made.level = in.word(value, at, {"info", "trace", "debug", "warning", "error", "off"});
        }},
       {"format", [&](auto& value, auto& at) {
          made.format =
              in.word(value, at, {"text", "json"}) == "json" ? log_format::json : log_format::text;
        }}});
  return made;
}

} // namespace troupe::cluster
