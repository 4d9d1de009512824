#pragma once

#include "actors/runtime/agent_system.hpp"
#include "cluster/fabric/fabric.hpp"
#include "kernels/result.hpp"

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace troupe::cluster {

struct cluster_client_options {
  std::string cluster;
  /// Whose certificate, of the role operator, is in `certificates` (NODE.pem, NODE.key, ca.pem).
  std::string name = "operator";
  std::filesystem::path certificates;
  std::filesystem::path revocations{};
  /// HOST:PORT of coordinators; the first that answers is asked.
  std::vector<std::string> coordinators;
  std::chrono::milliseconds patience{5'000};
};

/// An operator's way into a cluster: asks the agent `cluster.control` of a coordinator. It is no member, and nobody can reach it.
/// Blocks; for command lines. One thread at a time.
class cluster_client {
public:
  /// @returns `fabric_errc::unreachable` with what each address came to.
  [[nodiscard]] static result<std::unique_ptr<cluster_client>>
  connect(const cluster_client_options& options);
  ~cluster_client();
  cluster_client(const cluster_client&) = delete;
  cluster_client& operator=(const cluster_client&) = delete;

  /// The coordinator that is asked.
  [[nodiscard]] const std::string& coordinator() const { return coordinator_; }
  [[nodiscard]] reply<message_ptr> ask(message_ptr request, std::chrono::milliseconds timeout);

private:
  cluster_client() = default;
  [[nodiscard]] result<void> find_coordinator(const cluster_client_options& options);

  std::unique_ptr<agent_system> agents_;
  std::unique_ptr<fabric> fabric_;
  std::string coordinator_;
};

} // namespace troupe::cluster
