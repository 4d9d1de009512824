#pragma once

#include "cluster/fabric/grpc/grpc_transport.hpp"

#include <chrono>
#include <mutex>
#include <optional>

namespace troupe::cluster {

/// Says, counts and logs who is refused. Any thread.
class refusals {
public:
  refusals(std::shared_ptr<grpc_transport_metrics> metrics,
           std::function<void(const refused_peer&)> told);
  void note(const refused_peer& peer);

private:
  /// @returns how many lines were left out since the last, or nothing where this one is left out, too.
  [[nodiscard]] std::optional<std::uint64_t> may_log();

  const std::shared_ptr<grpc_transport_metrics> metrics_;
  const std::function<void(const refused_peer&)> told_;
  std::mutex mutex_;
  std::chrono::steady_clock::time_point second_;
  std::size_t logged_ = 0;
  std::uint64_t left_out_ = 0;
};

} // namespace troupe::cluster
