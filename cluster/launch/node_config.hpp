#pragma once

#include "actors/scheduling/resources/resource_text.hpp"
#include "cluster/launch/defaults.hpp"
#include "cluster/launch/errc.hpp"
#include "cluster/launch/host_port.hpp"
#include "cluster/pki/identity.hpp"
#include "kernels/result.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::cluster {

enum class log_format : std::uint8_t { text, json };

/// What a node is told of itself: the file of `troupe node --config FILE`. README.md shows one. Plain data; paths are
/// absolute when they were read from a file, which may name them from its own folder.
struct node_config {
  std::string cluster, name;
  /// One or more of coordinator, worker, gateway.
  std::set<node_role> roles;
  /// Where the fabric listens; port 0 for any.
  host_port listen{"127.0.0.1", 0};
  /// Under which others reach it; absent: where it listens. Port 0: that which it got.
  std::optional<host_port> advertise;
  /// Has NAME.pem, NAME.key and ca.pem.
  std::filesystem::path certificates;
  /// Whom not to trust any more; by default the folder `crl` of the certificates. May be missing.
  std::filesystem::path revocations;
  /// Coordinators to join at.
  std::vector<std::string> seeds;
  /// As well: a file with one HOST:PORT per line, that may come late and change; empty: none.
  std::filesystem::path seeds_file;
  /// A SQLite file, or postgresql://...; empty for who is no coordinator.
  std::string store;
  /// State of this node: node.json, logs.
  std::filesystem::path data;
  /// Folders of models by what they are for, such as "default" and "pii".
  std::map<std::string, std::filesystem::path> models;
  /// What attempts may hold together, instead of what is found.
  std::vector<scheduling::resource_amount> resources;
  /// Of an inference engine; absent: as many as it finds processors.
  std::optional<int> engine_threads;
  /// For people: nothing goes by them yet.
  std::map<std::string, std::string> labels;
  /// How long SIGTERM waits for what it has at work.
  std::chrono::milliseconds drain = launch_defaults::drain;
  /// "trace", "debug", "info", "warning", "error" or "off".
  std::string log_level = "info";
  log_format log = log_format::text;

  friend bool operator==(const node_config&, const node_config&) = default;
};

/// @returns `launch_errc::bad_file` with every mistake, each with file, line, column and remedy; `pki_errc` where the file
///   cannot be read.
[[nodiscard]] result<node_config> read_node_config(const std::filesystem::path& file);
/// @param name of the file, for messages. @param base where relative paths begin.
[[nodiscard]] result<node_config> parse_node_config(std::string_view text, const std::string& name,
                                                    const std::filesystem::path& base);

/// As `parse_node_config` reads it. May hold the password of a store: keep it private.
[[nodiscard]] std::string to_yaml(const node_config& config);

/// The addresses in the text of a seeds file: one HOST:PORT per line; empty lines and what is none are left out.
[[nodiscard]] std::vector<std::string> parse_seeds(std::string_view text);

} // namespace troupe::cluster
