#pragma once

#include "actors/agents/posix.hpp"
#include "kernels/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <sys/socket.h>

namespace troupe::cluster {

/// Where a node listens.
struct node_address {
  /// Without brackets.
  std::string host;
  std::uint16_t port = 0;
  int family = AF_UNSPEC; ///< AF_INET or AF_INET6 where the host is an IP address.
};

/// @param text `HOST:PORT`. @returns `fabric_errc::bad_option`.
[[nodiscard]] result<node_address> parse_address(std::string_view text);
/// `HOST:PORT`, IPv6 in brackets.
[[nodiscard]] std::string to_text(const node_address& address);
/// As gRPC wants it for a channel.
[[nodiscard]] std::string to_target(const node_address& address);

/// Of a socket's other end, `HOST:PORT`; an IPv4 address mapped into IPv6 is one of IPv4.
[[nodiscard]] std::string to_text(const sockaddr_storage& address);
/// The same from gRPC's `ServerContext::peer()` ("ipv4:127.0.0.1:5", "ipv6:%5B::1%5D:5").
[[nodiscard]] std::string from_peer(std::string_view peer);

struct listening_socket {
  agents::file_descriptor fd;
  /// With the port that was given.
  std::string address;
};
/// @returns `fabric_errc::cannot_listen`.
[[nodiscard]] result<listening_socket> listen_at(const node_address& address);

} // namespace troupe::cluster
