#include "cluster/launch/node_config.hpp"

#include "actors/workflow/durations.hpp"
#include "cluster/launch/internal/yaml_fields.hpp"
#include "cluster/launch/internal/yaml_values.hpp"
#include "cluster/pki/files.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace troupe::cluster {
namespace {

namespace fs = std::filesystem;

/// Reads the file of one node into `made`.
class node_reader {
public:
  node_reader(yaml_fields& in, const fs::path& base) : in_{in}, base_{base} {}

  node_config read(const yaml_node& root) {
    in_.mapping(root, "", fields());
    if (root.what == yaml_node::kind::mapping) check(root);
    return std::move(made_);
  }

private:
  using field = yaml_fields::field;

  [[nodiscard]] std::vector<field> fields() {
    return {
        {"cluster", name_into(made_.cluster, "cluster"), true},
        {"name", name_into(made_.name, "node"), true},
        {"roles", [&](auto& node, auto& path) { made_.roles = read_roles(in_, node, path); }, true},
        {"listen", [&](auto& node, auto& path) { made_.listen = address(node, path); }},
        {"advertise", [&](auto& node, auto& path) { made_.advertise = address(node, path); }},
        {"certificates", file_into(made_.certificates), true},
        {"revocations", file_into(made_.revocations)},
        {"seeds", [&](auto& node, auto& path) { made_.seeds = seeds(node, path); }},
        {"seeds_file", file_into(made_.seeds_file)},
        {"store",
         [&](auto& node, auto& path) { made_.store = read_store_place(in_, node, path, base_); }},
        {"data", file_into(made_.data), true},
        {"models",
         [&](auto& node, auto& path) { made_.models = read_models(in_, node, path, base_); }},
        {"resources",
         [&](auto& node, auto& path) { made_.resources = read_resources(in_, node, path); }},
        {"engine_threads",
         [&](auto& node, auto& path) { made_.engine_threads = read_threads(in_, node, path); }},
        {"labels", [&](auto& node, auto& path) { made_.labels = read_labels(in_, node, path); }},
        {"drain", [&](auto& node, auto& path) { made_.drain = in_.duration(node, path); }},
        {"log", [&](auto& node, auto& path) {
           const auto read = read_log_settings(in_, node, path);
           made_.log_level = read.level;
           made_.log = read.format;
         }}};
  }

  [[nodiscard]] yaml_fields::taker name_into(std::string& place, const char* what) {
    return [this, &place, what](const yaml_node& node, const std::string& path) {
      place = in_.text(node, path);
      if (!place.empty()) in_.accept(node, path, check_name(what, place));
    };
  }
  [[nodiscard]] yaml_fields::taker file_into(fs::path& place) {
    return [this, &place](const yaml_node& node, const std::string& path) {
      place = in_.file(node, path, base_);
    };
  }
  host_port address(const yaml_node& node, const std::string& path) {
    return read_address(in_, node, path).value_or(made_.listen);
  }
  std::vector<std::string> seeds(const yaml_node& node, const std::string& path) {
    std::vector<std::string> all;
    in_.elements(node, path, [&](const yaml_node& each, const std::string& at) {
      if (const auto one = read_address(in_, each, at)) all.push_back(to_string(*one));
    });
    return all;
  }

  /// What one key cannot say of another.
  void check(const yaml_node& root) {
    if (made_.revocations.empty() && !made_.certificates.empty())
      made_.revocations = made_.certificates / "crl";
    if (made_.roles.empty()) return;
    const bool owns = made_.roles.contains(node_role::coordinator);
    if (owns && made_.store.empty())
      in_.report(root,
                 "a coordinator needs a store; add 'store: PATH' or 'store: postgresql://...'");
    if (!owns && !made_.store.empty())
      in_.report(root,
                 "only a coordinator has a store; remove 'store', or add the role coordinator");
    if (!owns && made_.seeds.empty() && made_.seeds_file.empty())
      in_.report(root, "it does not know whom to join; add 'seeds: [HOST:PORT]' with a "
                       "coordinator's address, or 'seeds_file'");
  }

  yaml_fields& in_;
  const fs::path& base_;
  node_config made_;
};

template <class Pairs, class Text>
std::string pairs_of(const Pairs& of, const Text& text) {
  std::vector<std::string> all;
  for (const auto& [key, value] : of)
    all.push_back(yaml_text(key) + ": " + yaml_text(text(key, value)));
  return fmt::format("{{{}}}", fmt::join(all, ", "));
}

std::string texts_of(const std::vector<std::string>& of) {
  std::vector<std::string> all;
  for (const auto& each : of)
    all.push_back(yaml_text(each));
  return fmt::format("[{}]", fmt::join(all, ", "));
}

} // namespace

result<node_config> parse_node_config(std::string_view text, const std::string& name,
                                      const fs::path& base) {
  const auto root = parse_document(text, name, "node file");
  if (!root) return tl::unexpected(root.error());
  yaml_fields in{name};
  auto made = node_reader{in, base}.read(*root);
  if (auto good = in.outcome(); !good) return tl::unexpected(std::move(good.error()));
  return made;
}

result<node_config> read_node_config(const fs::path& file) {
  const auto text = read_file(file, launch_defaults::file_bytes);
  if (!text) return tl::unexpected(text.error());
  std::error_code none;
  return parse_node_config(*text, file.string(), fs::absolute(file, none).parent_path());
}

std::string to_yaml(const node_config& config) {
  std::string made;
  const auto put = [&](std::string_view key, std::string_view value) {
    fmt::format_to(std::back_inserter(made), "{}: {}\n", key, value);
  };
  const auto put_text = [&](std::string_view key, const std::string& value) {
    if (!value.empty()) put(key, yaml_text(value));
  };
  const auto path_text = [](auto&, const fs::path& folder) { return folder.string(); };
  const auto same_text = [](auto&, const std::string& value) { return value; };
  std::vector<std::string> roles;
  for (const auto role : config.roles)
    roles.emplace_back(to_string(role));

  put_text("cluster", config.cluster);
  put_text("name", config.name);
  put("roles", fmt::format("[{}]", fmt::join(roles, ", ")));
  put_text("listen", to_string(config.listen));
  if (config.advertise) put_text("advertise", to_string(*config.advertise));
  put_text("certificates", config.certificates.string());
  put_text("revocations", config.revocations.string());
  if (!config.seeds.empty()) put("seeds", texts_of(config.seeds));
  put_text("seeds_file", config.seeds_file.string());
  put_text("store", config.store);
  put_text("data", config.data.string());
  if (!config.models.empty()) put("models", pairs_of(config.models, path_text));
  if (!config.resources.empty())
    put("resources", pairs_of(config.resources, &scheduling::format_amount));
  if (config.engine_threads) put("engine_threads", std::to_string(*config.engine_threads));
  if (!config.labels.empty()) put("labels", pairs_of(config.labels, same_text));
  put("drain", workflow::format_duration(config.drain));
  put("log", fmt::format("{{level: {}, format: {}}}", yaml_text(config.log_level),
                         config.log == log_format::json ? "json" : "text"));
  return made;
}

std::vector<std::string> parse_seeds(std::string_view text) {
  std::vector<std::string> all;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    auto line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    while (!line.empty() && (line.back() == '\r' || line.back() == ' '))
      line.remove_suffix(1);
    if (const auto one = parse_host_port(line)) all.push_back(to_string(*one));
  }
  return all;
}

} // namespace troupe::cluster
