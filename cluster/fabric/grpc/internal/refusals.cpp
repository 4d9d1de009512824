#include "cluster/fabric/grpc/internal/refusals.hpp"

#include <optional>
#include <spdlog/spdlog.h>
#include <utility>

namespace troupe::cluster {

refusals::refusals(std::shared_ptr<grpc_transport_metrics> metrics,
                   std::function<void(const refused_peer&)> told)
    : metrics_{std::move(metrics)}, told_{std::move(told)} {}

void refusals::note(const refused_peer& peer) {
  metrics_->refused[static_cast<std::size_t>(peer.why)].fetch_add(1, std::memory_order_relaxed);
  if (const auto left_out = may_log())
    spdlog::warn("refused {}: {} ({}){}", peer.address.empty() ? "a peer" : peer.address,
                 peer.reason, to_string(peer.why),
                 *left_out == 0 ? "" : "; " + std::to_string(*left_out) + " more were not logged");
  if (told_) told_(peer);
}

std::optional<std::uint64_t> refusals::may_log() {
  const std::lock_guard lock{mutex_};
  const auto now = std::chrono::steady_clock::now();
  if (now - second_ >= std::chrono::seconds{1}) {
    second_ = now;
    logged_ = 0;
  }
  if (logged_ == grpc_defaults::refusals_logged) {
    ++left_out_;
    return std::nullopt;
  }
  ++logged_;
  return std::exchange(left_out_, 0);
}

} // namespace troupe::cluster
