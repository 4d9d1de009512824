#include "cluster/launch/node_status.hpp"

#include "cluster/launch/defaults.hpp"
#include "cluster/launch/internal/iso_time.hpp"
#include "cluster/launch/internal/process_mark.hpp"
#include "cluster/pki/files.hpp"

#include <nlohmann/json.hpp>

namespace troupe::cluster {
namespace {

constexpr const char* status_file = "node.json";
/// The system tells starts of processes by a clock of ticks.
constexpr std::chrono::milliseconds start_slack{20};

node_status status_from(const nlohmann::json& in) {
  node_status made;
  made.name = in.at("name").get<std::string>();
  made.pid = in.at("pid").get<pid_t>();
  made.address = in.at("address").get<std::string>();
  for (const auto& named : in.at("roles"))
    if (const auto role = role_of(named.get<std::string>())) made.roles.insert(*role);
  made.incarnation = in.at("incarnation").get<std::uint64_t>();
  std::size_t length = 0;
  if (const auto time = read_iso(in.at("started").get<std::string>(), length))
    made.started = std::chrono::floor<std::chrono::milliseconds>(*time);
  return made;
}

} // namespace

std::string to_json(const node_status& status) {
  nlohmann::ordered_json made{{"name", status.name},
                              {"pid", status.pid},
                              {"address", status.address},
                              {"roles", nlohmann::ordered_json::array()},
                              {"incarnation", status.incarnation},
                              {"started", iso_text(status.started)}};
  for (const auto role : status.roles)
    made["roles"].push_back(to_string(role));
  return made.dump() + "\n";
}

result<node_status> parse_node_status(std::string_view json) {
  try {
    return status_from(nlohmann::json::parse(json));
  } catch (const nlohmann::json::exception& why) {
    return fail(launch_errc::bad_file, std::string{"node.json: "} + why.what());
  }
}

result<void> write_node_status(const std::filesystem::path& data, const node_status& status) {
  return write_file(data / status_file, to_json(status), public_mode);
}

bool is_ready(const std::filesystem::path& data) {
  const auto text = read_file(data / status_file, launch_defaults::file_bytes);
  const auto status = text ? parse_node_status(*text) : fail(launch_errc::not_found, {});
  if (!status) return false;
  // In a container every life of a node has the same number: what an earlier one said is older than the process.
  const auto began = wall_start_of(status->pid);
  std::error_code none;
  const auto written = std::filesystem::last_write_time(data / status_file, none);
  return began && !none && std::chrono::file_clock::to_sys(written) + start_slack >= *began;
}

void remove_node_status(const std::filesystem::path& data) {
  std::error_code none;
  std::filesystem::remove(data / status_file, none);
}

} // namespace troupe::cluster
