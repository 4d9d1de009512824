#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace troupe::cluster {

/// Why a peer got no link, or lost it.
enum class refusal : std::uint8_t {
  /// More connections than `grpc_transport_options::connections`.
  too_many_connections,
  /// More connections without a link than `pending_connections`: the oldest goes.
  too_many_pending,
  /// No link within the bound on a handshake.
  too_slow,
  /// It went away, or broke the protocol, before it had a link: no TLS, no HTTP/2, no such method ...
  no_handshake,
  no_certificate,
  /// Of another authority, or not for this use.
  wrong_authority,
  expired,
  revoked,
  /// Its certificate names no node.
  no_node,
  wrong_cluster,
  /// A server's certificate is not for the host that was dialled.
  wrong_host,
  /// Whoever listens did not want it.
  not_wanted,
  /// A frame beyond `transport_limits::frame_bytes`.
  frame_too_big,
};
inline constexpr std::size_t refusal_kinds = 13;

/// "too_many_connections", "too_many_pending" ...
[[nodiscard]] std::string_view to_string(refusal why);

struct refused_peer {
  refusal why;
  /// HOST:PORT, where it is known.
  std::string address;
  /// A sentence for people.
  std::string reason;
};

/// What a transport over gRPC counts. Any thread may read.
struct grpc_transport_metrics {
  std::array<std::atomic<std::uint64_t>, refusal_kinds> refused{};
  std::atomic<std::uint64_t> links_opened{0}, frames_sent{0}, bytes_sent{0}, frames_received{0},
      bytes_received{0};
  /// Now.
  std::atomic<std::uint64_t> links{0}, connections{0};

  [[nodiscard]] std::uint64_t refused_for(refusal why) const {
    return refused[static_cast<std::size_t>(why)].load(std::memory_order_relaxed);
  }
};

} // namespace troupe::cluster
