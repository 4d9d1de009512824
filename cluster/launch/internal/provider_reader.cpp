#include "cluster/launch/internal/provider_reader.hpp"

#include <algorithm>

namespace troupe::cluster {
namespace {

namespace fs = std::filesystem;

constexpr int most_port = 65'535;

/// Reads the settings of each kind of provider; `kind` was seen before.
class provider_reader {
public:
  provider_reader(yaml_fields& in, const fs::path& base) : in_{in}, base_{base} {}

  provider_spec read(const yaml_node& node, const std::string& path, const std::string& kind) {
    if (kind == "ssh") return read_ssh(node, path);
    if (kind == "slurm") return read_slurm(node, path);
    if (kind == "kubernetes") return read_kubernetes(node, path);
    process_provider_spec made;
    in_.mapping(node, path, {kind_field(), {"binary", file_into(made.binary)}});
    return made;
  }

private:
  using field = yaml_fields::field;

  static field kind_field() {
    return {"kind", [](const yaml_node&, const std::string&) {}, true};
  }
  yaml_fields::taker file_into(fs::path& place) {
    return [this, &place](const yaml_node& node, const std::string& path) {
      place = in_.file(node, path, base_);
    };
  }
  yaml_fields::taker text_into(std::string& place) {
    return [this, &place](const yaml_node& node, const std::string& path) {
      place = in_.text(node, path);
    };
  }
  /// On another machine, where no relative path means anything.
  yaml_fields::taker absolute_into(std::string& place) {
    return [this, &place](const yaml_node& node, const std::string& path) {
      place = in_.text(node, path);
      if (!place.empty() && !place.starts_with('/'))
        in_.report(node, "'" + path + "' must be an absolute path on the hosts; begin it with '/'");
    };
  }

  ssh_provider_spec read_ssh(const yaml_node& node, const std::string& path) {
    ssh_provider_spec made;
    const auto user = [&](const yaml_node& value, const std::string& at) {
      made.user = in_.text(value, at);
      if (made.user.starts_with('-'))
        in_.report(value, "'" + at + "' cannot begin with '-'; write a user's name");
    };
    const auto port = [&](const yaml_node& value, const std::string& at) {
      made.port = in_.whole(value, at, 1, most_port);
    };
    in_.mapping(node, path,
                {kind_field(),
                 {"user", user},
                 {"port", port},
                 {"identity", file_into(made.identity)},
                 {"known_hosts", file_into(made.known_hosts)},
                 {"binary", absolute_into(made.binary), true},
                 {"folder", absolute_into(made.folder), true}});
    return made;
  }

  slurm_provider_spec read_slurm(const yaml_node& node, const std::string& path) {
    slurm_provider_spec made;
    const auto options = [&](const yaml_node& value, const std::string& at) {
      made.options = read_options(in_, value, at);
    };
    in_.mapping(node, path,
                {kind_field(), {"binary", file_into(made.binary)}, {"options", options}});
    return made;
  }

  kubernetes_provider_spec read_kubernetes(const yaml_node& node, const std::string& path) {
    kubernetes_provider_spec made;
    const auto space = [&](const yaml_node& value, const std::string& at) {
      made.space = in_.text(value, at);
      if (!made.space.empty()) in_.accept(value, at, check_name("namespace", made.space));
    };
    in_.mapping(node, path,
                {kind_field(),
                 {"image", text_into(made.image), true},
                 {"namespace", space},
                 {"storage_class", text_into(made.storage_class)},
                 {"storage", text_into(made.storage)}});
    return made;
  }

  yaml_fields& in_;
  const fs::path& base_;
};

} // namespace

provider_spec read_provider(yaml_fields& in, const yaml_node& node, const std::string& path,
                            const fs::path& base) {
  std::string kind = "process";
  if (node.what == yaml_node::kind::mapping)
    for (const auto& [key, value] : node.entries)
      if (key.text == "kind")
        kind = in.word(value, path + ".kind", {"process", "ssh", "slurm", "kubernetes"});
  return provider_reader{in, base}.read(node, path, kind);
}

std::vector<std::string> read_options(yaml_fields& in, const yaml_node& node,
                                      const std::string& path) {
  auto all = in.texts(node, path);
  const auto wrong = std::find_if(all.begin(), all.end(), [](const std::string& each) {
    return !each.starts_with("--") || each.size() < 3 || each.find(' ') < each.find('=');
  });
  if (wrong != all.end())
    in.report(node,
              "'" + path + "' has '" + *wrong + "'; write each as \"--NAME\" or \"--NAME=VALUE\"");
  return all;
}

} // namespace troupe::cluster
