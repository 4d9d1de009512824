#pragma once

#include <chrono>
#include <cstddef>

/// Tunables of the transport over gRPC.
namespace troupe::cluster::grpc_defaults {

/// From a TCP connection to an open link.
inline constexpr std::chrono::milliseconds handshake{10'000};
/// Connections accepted at once, and how many of them may have no link yet.
inline constexpr std::size_t connections = 1'024, pending_connections = 128;
/// How long a link is silent before the peer is asked, and how long its answer may take: together 3 s until a dead one is
/// noticed.
inline constexpr std::chrono::milliseconds keep_alive{1'000}, keep_alive_answer{2'000};
/// Of HTTP/2 headers, bytes.
inline constexpr int metadata_bytes = 8 * 1'024;
/// Between two looks at revocations, at certificates' ends, and at what takes too long.
inline constexpr std::chrono::milliseconds tick{1'000};
/// How often the server side looks for a rotated certificate.
inline constexpr std::chrono::seconds certificate_refresh{2};
/// Threads that move bytes.
inline constexpr std::size_t threads = 1;
/// Lines a second in the log about refused peers; what is beyond is counted.
inline constexpr std::size_t refusals_logged = 5;
/// How long the end of a stream may take to reach a peer before its connection is cut.
inline constexpr std::chrono::milliseconds linger{1'000};
/// What a peer may send ahead of what is read, bytes.
inline constexpr int lookahead_bytes = 1 << 20;
/// Not yet accepted by us, as for listen(2).
inline constexpr int backlog = 512;

} // namespace troupe::cluster::grpc_defaults
