#include "cluster/launch/internal/group_reader.hpp"

#include "cluster/launch/internal/provider_reader.hpp"
#include "cluster/launch/internal/yaml_values.hpp"

#include <algorithm>

namespace troupe::cluster {
namespace {

namespace fs = std::filesystem;

/// With its number, a node's name is a DNS label.
constexpr std::size_t longest_group_name = 50;

class group_reader {
public:
  group_reader(yaml_fields& in, const fs::path& base, std::string_view kind)
      : in_{in}, base_{base}, kind_{kind} {}

  group_spec read(const yaml_node& key, const yaml_node& node, const std::string& path) {
    made_ = {};
    made_.name = key.text;
    in_.accept(key, path, check_name("group", made_.name));
    if (made_.name.size() > longest_group_name)
      in_.report(key, "'" + path + "' has more than " + std::to_string(longest_group_name) +
                          " characters; shorten the name");
    bool counted = false;
    in_.mapping(node, path, fields(counted));
    if (kind_ == "ssh" && node.what == yaml_node::kind::mapping) {
      if (made_.hosts.empty())
        in_.report(node,
                   "'" + path + "' does not say where its nodes are; add 'hosts: [HOST, ...]'");
      if (!counted) made_.count = std::max(1, static_cast<int>(made_.hosts.size()));
    }
    return std::move(made_);
  }

private:
  std::vector<yaml_fields::field> fields(bool& counted) {
    return {
        {"roles", [&](auto& node, auto& at) { made_.roles = read_roles(in_, node, at); }, true},
        {"count",
         [&](auto& node, auto& at) {
           counted = true;
           made_.count = in_.whole(node, at, 0, launch_defaults::most_nodes);
         }},
        {"resources",
         [&](auto& node, auto& at) { made_.resources = read_resources(in_, node, at); }},
        {"engine_threads",
         [&](auto& node, auto& at) { made_.engine_threads = read_threads(in_, node, at); }},
        {"models", [&](auto& node, auto& at) { made_.models = read_models(in_, node, at, base_); }},
        {"labels", [&](auto& node, auto& at) { made_.labels = read_labels(in_, node, at); }},
        {"listen", [&](auto& node, auto& at) { made_.listen = read_address(in_, node, at); }},
        {"advertise", [&](auto& node, auto& at) { made_.advertise = read_address(in_, node, at); }},
        {"certificate_hosts",
         [&](auto& node, auto& at) { made_.certificate_hosts = in_.texts(node, at); }},
        {"hosts", [&](auto& node, auto& at) { read_hosts(node, at); }},
        {"options",
         [&](auto& node, auto& at) {
           only("slurm", node, at);
           made_.options = read_options(in_, node, at);
         }},
        {"node_selector", [&](auto& node, auto& at) {
           only("kubernetes", node, at);
           made_.node_selector = read_labels(in_, node, at);
         }}};
  }

  void read_hosts(const yaml_node& node, const std::string& path) {
    only("ssh", node, path);
    made_.hosts = in_.texts(node, path);
    for (const auto& host : made_.hosts)
      if (!parse_host_port(host + ":0") && !parse_host_port("[" + host + "]:0"))
        in_.report(node, "'" + path + "' has '" + host +
                             "', which names no host; write a DNS name "
                             "or an IP address");
  }

  void only(std::string_view kind, const yaml_node& at, const std::string& path) {
    if (kind != kind_)
      in_.report(at,
                 "'" + path + "' is of the provider " + std::string{kind} + " alone; remove it");
  }

  yaml_fields& in_;
  const fs::path& base_;
  std::string_view kind_;
  group_spec made_;
};

} // namespace

std::vector<group_spec> read_groups(yaml_fields& in, const yaml_node& node, const std::string& path,
                                    const fs::path& base, const provider_spec& provider) {
  std::vector<group_spec> all;
  group_reader reader{in, base, kind_of(provider)};
  in.entries(node, path, [&](const yaml_node& key, const yaml_node& value, const std::string& at) {
    all.push_back(reader.read(key, value, at));
  });
  return all;
}

} // namespace troupe::cluster
