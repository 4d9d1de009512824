#include "cluster/launch/cluster_state.hpp"

#include "cluster/launch/defaults.hpp"
#include "cluster/launch/internal/random_text.hpp"
#include "cluster/pki/errc.hpp"
#include "cluster/pki/files.hpp"

#include <nlohmann/json.hpp>
#include <utility>

namespace troupe::cluster {
namespace {

constexpr const char* state_file = "cluster.json";
constexpr int state_format = 1;
constexpr std::size_t id_digits = 8;

cluster_state state_from(const nlohmann::json& in) {
  cluster_state made;
  made.id = in.at("id").get<std::string>();
  made.cluster = in.at("cluster").get<std::string>();
  made.provider = in.at("provider").get<std::string>();
  made.generation = in.at("generation").get<std::uint64_t>();
  made.added = in.at("added").get<std::map<std::string, int>>();
  for (const auto& each : in.at("nodes"))
    made.nodes.push_back({each.at("name").get<std::string>(), each.at("group").get<std::string>(),
                          each.value("host", std::string{})});
  return made;
}

} // namespace

result<std::optional<cluster_state>> read_cluster_state(const std::filesystem::path& data) {
  const auto file = data / state_file;
  const auto text = read_file(file, std::size_t{16} * launch_defaults::file_bytes);
  if (!text && text.error().code == pki_errc::not_found) return std::nullopt;
  if (!text) return tl::unexpected(text.error());
  try {
    const auto in = nlohmann::json::parse(*text);
    if (const int format = in.at("format").get<int>(); format != state_format)
      return fail(launch_errc::bad_file, file.string() + " has format " + std::to_string(format) +
                                             ", this program knows " +
                                             std::to_string(state_format) + "; use a newer troupe");
    return state_from(in);
  } catch (const nlohmann::json::exception& why) {
    return fail(launch_errc::bad_file,
                file.string() + ": " + why.what() +
                    "; put a copy of it back, or look for nodes that are left and remove it");
  }
}

result<void> write_cluster_state(const std::filesystem::path& data, const cluster_state& state) {
  nlohmann::ordered_json made{{"format", state_format},
                              {"id", state.id},
                              {"cluster", state.cluster},
                              {"provider", state.provider},
                              {"generation", state.generation},
                              {"added", state.added},
                              {"nodes", nlohmann::ordered_json::array()}};
  for (const auto& each : state.nodes) {
    nlohmann::ordered_json one{{"name", each.name}, {"group", each.group}};
    if (!each.host.empty()) one["host"] = each.host;
    made["nodes"].push_back(std::move(one));
  }
  return write_file(data / state_file, made.dump(2) + "\n", private_mode);
}

cluster_state new_cluster_state(std::string cluster, std::string provider) {
  cluster_state made;
  made.id = random_hex(id_digits);
  made.cluster = std::move(cluster);
  made.provider = std::move(provider);
  return made;
}

} // namespace troupe::cluster
