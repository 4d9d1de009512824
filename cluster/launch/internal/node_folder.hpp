#pragma once

#include "cluster/launch/provider.hpp"
#include "kernels/result.hpp"

#include <filesystem>
#include <string>

namespace troupe::cluster {

/// The folder of one node on a file system that this process sees: node.yaml, node.json, pid, log, seeds, certs/.
class node_folder {
public:
  /// @param data of the cluster.
  node_folder(const std::filesystem::path& data, const std::string& node)
      : path_{data / "nodes" / node} {}

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] std::filesystem::path config() const { return path_ / "node.yaml"; }
  [[nodiscard]] std::filesystem::path log() const { return path_ / "log"; }
  [[nodiscard]] std::filesystem::path mark() const { return path_ / "pid"; }
  [[nodiscard]] std::filesystem::path certificates() const { return path_ / "certs"; }

  /// Makes it, for its owner alone, and takes away what an earlier life said of itself.
  [[nodiscard]] result<void> prepare() const;
  /// Puts the files of a plan there.
  [[nodiscard]] result<void> bring(const node_plan& plan) const;
  /// What the node says of itself; nothing where it is not ready.
  [[nodiscard]] std::optional<node_status> status() const;
  [[nodiscard]] result<void> write_seeds(const std::string& text) const;
  [[nodiscard]] result<log_part> read_log(std::uint64_t from, std::size_t limit) const;
  [[nodiscard]] result<void> remove() const;

private:
  std::filesystem::path path_;
};

/// A part of a file that grows; an empty one where there is none.
[[nodiscard]] result<log_part> read_part(const std::filesystem::path& file, std::uint64_t from,
                                         std::size_t limit);

} // namespace troupe::cluster
