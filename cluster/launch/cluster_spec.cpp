#include "cluster/launch/cluster_spec.hpp"

#include "cluster/launch/internal/elasticity_reader.hpp"
#include "cluster/launch/internal/group_reader.hpp"
#include "cluster/launch/internal/provider_reader.hpp"
#include "cluster/launch/internal/yaml_fields.hpp"
#include "cluster/launch/internal/yaml_values.hpp"
#include "cluster/pki/files.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <unistd.h>

namespace troupe::cluster {
namespace {

namespace fs = std::filesystem;

/// Reads a cluster file into `made`.
class cluster_reader {
public:
  cluster_reader(yaml_fields& in, const fs::path& base) : in_{in}, base_{base} {}

  cluster_spec read(const yaml_node& root) {
    in_.mapping(root, "", fields());
    // Whatever the order of the keys: what depends on others comes last.
    if (groups_) made_.groups = read_groups(in_, *groups_, "groups", base_, made_.provider);
    if (elasticity_) made_.elasticity = read_elasticity(in_, *elasticity_, "elasticity", names());
    if (root.what == yaml_node::kind::mapping) check(root);
    return std::move(made_);
  }

private:
  std::vector<yaml_fields::field> fields() {
    return {
        {"name",
         [&](auto& node, auto& path) {
           made_.name = in_.text(node, path);
           if (!made_.name.empty()) in_.accept(node, path, check_name("cluster", made_.name));
         },
         true},
        {"provider",
         [&](auto& node, auto& path) { made_.provider = read_provider(in_, node, path, base_); },
         true},
        {"data", [&](auto& node, auto& path) { made_.data = in_.file(node, path, base_); }},
        {"store", [&](auto& node, auto& path) { read_store(node, path); }},
        {"certificates", [&](auto& node, auto& path) { read_certificates(node, path); }},
        {"models",
         [&](auto& node, auto& path) { made_.models = read_models(in_, node, path, base_); }},
        {"log",
         [&](auto& node, auto& path) {
           const auto read = read_log_settings(in_, node, path);
           made_.log_level = read.level;
           made_.log = read.format;
         }},
        {"timeouts",
         [&](auto& node, auto& path) {
           in_.mapping(
               node, path,
               {{"start",
                 [&](auto& value, auto& at) { made_.start_timeout = in_.duration(value, at); }},
                {"grace", [&](auto& value, auto& at) { made_.grace = in_.duration(value, at); }},
                {"drain", [&](auto& value, auto& at) { made_.drain = in_.duration(value, at); }}});
         }},
        {"groups", [&](auto& node, auto&) { groups_ = &node; }, true},
        {"elasticity", [&](auto& node, auto&) { elasticity_ = &node; }}};
  }

  void read_store(const yaml_node& node, const std::string& path) {
    std::string kind;
    const yaml_node* url = nullptr;
    in_.mapping(
        node, path,
        {{"kind",
          [&](auto& value, auto& at) {
            kind = in_.word(value, at, {"sqlite", "postgresql"});
          },
          true},
         {"own", [&](auto& value, auto& at) { made_.store.own_postgresql = in_.flag(value, at); }},
         {"path",
          [&](auto& value, auto& at) {
            made_.store.place = in_.file(value, at, base_).string();
            if (kind == "postgresql")
              in_.report(value,
                         "'store.path' is of sqlite; write 'own: true' or 'url: postgresql://...'");
          }},
         {"url", [&](auto& value, auto& at) {
            url = &value;
            made_.store.place = in_.text(value, at);
          }}});
    if (kind == "postgresql" && made_.store.own_postgresql == (url != nullptr))
      in_.report(node, "'store' needs one of 'own: true' (started for this cluster) and "
                       "'url: postgresql://USER@HOST:PORT/DATABASE'");
    if (url && !made_.store.place.starts_with("postgresql://"))
      in_.report(*url, "'store.url' must begin with postgresql://");
    if (kind == "sqlite" && (made_.store.own_postgresql || url))
      in_.report(node,
                 "'own' and 'url' are of postgresql; write 'kind: postgresql', or remove them");
    owns_postgresql_ = kind == "postgresql";
  }

  void read_certificates(const yaml_node& node, const std::string& path) {
    bool own = false;
    in_.mapping(node, path,
                {{"own", [&](auto& value, auto& at) { own = in_.flag(value, at); }},
                 {"folder", [&](auto& value, auto& at) {
                    made_.certificates = in_.file(value, at, base_);
                  }}});
    if (own == !made_.certificates.empty())
      in_.report(node, "'certificates' needs one of 'own: true' (an authority in the data folder) "
                       "and 'folder: DIR' (made with troupe ca issue)");
  }

  [[nodiscard]] std::vector<std::string> names() const {
    std::vector<std::string> all;
    for (const auto& group : made_.groups)
      all.push_back(group.name);
    return all;
  }

  void check(const yaml_node& root) {
    if (!groups_ || made_.groups.empty()) return;
    int coordinators = 0, nodes = 0;
    for (const auto& group : made_.groups) {
      nodes += group.count;
      if (group.roles.contains(node_role::coordinator)) coordinators += group.count;
    }
    if (coordinators == 0)
      in_.report(*groups_, "nobody owns runs; give one group 'roles: [coordinator]' and a count of "
                           "at least 1");
    if (coordinators > 1 && !owns_postgresql_)
      in_.report(*groups_, "several coordinators need one store; write 'store: {kind: postgresql, "
                           "own: true}', or have one coordinator");
    if (nodes > launch_defaults::most_nodes)
      in_.report(*groups_, "more than " + std::to_string(launch_defaults::most_nodes) +
                               " nodes; lower a count");
    if (made_.store.own_postgresql && kind_of(made_.provider) != "process")
      in_.report(root, "'store.own' starts PostgreSQL on this machine alone, which other hosts do "
                       "not reach; write 'url: postgresql://...'");
  }

  yaml_fields& in_;
  const fs::path& base_;
  cluster_spec made_;
  bool owns_postgresql_ = false;
  const yaml_node *groups_ = nullptr, *elasticity_ = nullptr;
};

/// The folder of the XDG base directory specification; of root one that a server of another user may look into.
result<fs::path> default_data(const std::string& cluster) {
  const auto named = [](const char* variable) {
    const char* value = std::getenv(variable);
    return fs::path{value ? value : ""};
  };
  const auto inside = fs::path{"troupe"} / "clusters" / cluster;
  if (const auto state = named("XDG_STATE_HOME"); state.is_absolute()) return state / inside;
  if (::geteuid() == 0) return "/var/lib" / inside;
  if (const auto home = named("HOME"); home.is_absolute()) return home / ".local/state" / inside;
  return fail(launch_errc::bad_file, "there is no HOME for the state of the cluster; name a folder "
                                     "with 'data: DIR' in the file, or --data DIR");
}

} // namespace

std::string_view kind_of(const provider_spec& provider) {
  static constexpr std::array<std::string_view, 4> names{"process", "ssh", "slurm", "kubernetes"};
  return names.at(provider.index());
}

const group_spec* cluster_spec::group(std::string_view wanted) const {
  const auto found = std::find_if(groups.begin(), groups.end(),
                                  [&](const auto& each) { return each.name == wanted; });
  return found == groups.end() ? nullptr : &*found;
}

result<cluster_spec> parse_cluster_spec(std::string_view text, const std::string& name,
                                        const fs::path& base) {
  const auto root = parse_document(text, name, "cluster file");
  if (!root) return tl::unexpected(root.error());
  yaml_fields in{name};
  auto made = cluster_reader{in, base}.read(*root);
  if (auto good = in.outcome(); !good) return tl::unexpected(std::move(good.error()));
  return made;
}

result<cluster_spec> read_cluster_spec(const fs::path& file, const fs::path& data) {
  const auto text = read_file(file, launch_defaults::file_bytes);
  if (!text) return tl::unexpected(text.error());
  std::error_code none;
  auto made = parse_cluster_spec(*text, file.string(), fs::absolute(file, none).parent_path());
  if (!made) return made;
  if (!data.empty()) made->data = fs::absolute(data, none).lexically_normal();
  if (made->data.empty()) {
    auto chosen = default_data(made->name);
    if (!chosen) return tl::unexpected(std::move(chosen.error()));
    made->data = std::move(*chosen);
  }
  return made;
}

} // namespace troupe::cluster
