#pragma once

#include "cluster/fabric/errc.hpp"
#include "cluster/fabric/grpc/defaults.hpp"
#include "cluster/fabric/grpc/refusal.hpp"
#include "cluster/fabric/transport.hpp"
#include "kernels/result.hpp"

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

namespace troupe::cluster {

struct grpc_transport_options {
  /// Folder with NODE.pem, NODE.key and ca.pem, as `troupe ca issue` writes it. What is rotated there is taken up without a
  /// restart: by new links from this node at once, by the accepting side within `certificate_refresh`.
  std::filesystem::path certificates;
  /// NODE: who this node is in the cluster that its certificate names.
  std::string node;
  /// Folder with the authority's list of revocations, HASH.r0; empty for `crl` in the folder of certificates. A link never
  /// opens, and an open one closes within about 2 s, when its peer's certificate is on it.
  std::filesystem::path revocations;

  std::chrono::milliseconds handshake = grpc_defaults::handshake;
  std::size_t connections = grpc_defaults::connections;
  std::size_t pending_connections = grpc_defaults::pending_connections;
  /// Zero for none: then only the system notices a dead peer.
  std::chrono::milliseconds keep_alive = grpc_defaults::keep_alive;
  std::chrono::milliseconds keep_alive_answer = grpc_defaults::keep_alive_answer;
  std::chrono::seconds certificate_refresh = grpc_defaults::certificate_refresh;
  std::size_t threads = grpc_defaults::threads;

  /// Null for none.
  std::shared_ptr<grpc_transport_metrics> metrics;
  /// Told of everyone who is refused, also where the log leaves it out; on a thread of the transport, must not block.
  std::function<void(const refused_peer&)> on_refused;
};

/// Links as gRPC streams under mutual TLS 1.2 or later; there is no other. An address is `HOST:PORT` with a DNS name, an IPv4
/// address, or an IPv6 address in brackets; the certificate of whoever listens must name that host.
/// `connect` after `stop` tells the listener `fabric_errc::stopped` before it returns.
/// @returns `fabric_errc::bad_option` where files are missing or a bound is none, `not_trusted` where this node's own
/// certificate would be refused by others.
[[nodiscard]] result<std::unique_ptr<transport>>
make_grpc_transport(grpc_transport_options options);

} // namespace troupe::cluster
