#pragma once

#include "kernels/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace troupe::cluster {

/// A host and a port of it.
struct host_port {
  /// A DNS name or an IP address, IPv6 without brackets.
  std::string host;
  /// 0: any, where a node listens; the one that it got, where it says how it is reached.
  std::uint16_t port = 0;

  friend bool operator==(const host_port&, const host_port&) = default;
};

/// Reads `HOST:PORT`, `[IPV6]:PORT`. @returns `launch_errc::bad_file` with the remedy; the caller knows the place.
[[nodiscard]] result<host_port> parse_host_port(std::string_view text);
/// As `parse_host_port` reads it.
[[nodiscard]] std::string to_string(const host_port& of);

} // namespace troupe::cluster
