#include "cluster/launch/host_port.hpp"

#include "cluster/launch/errc.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <charconv>

namespace troupe::cluster {
namespace {

constexpr std::size_t longest_host = 253;

bool is_ipv6(const std::string& host) {
  std::array<unsigned char, sizeof(in6_addr)> bytes{};
  return ::inet_pton(AF_INET6, host.c_str(), bytes.data()) == 1;
}

bool is_host(std::string_view host) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-' || c == '_';
  };
  return !host.empty() && host.size() <= longest_host &&
         std::all_of(host.begin(), host.end(), fits) && host.front() != '-';
}

} // namespace

result<host_port> parse_host_port(std::string_view text) {
  const auto bad = [&](const char* why) {
    return fail(launch_errc::bad_file, "'" + std::string{text.substr(0, longest_host)} + "' " +
                                           why + "; write HOST:PORT, such as 10.0.0.7:7400");
  };
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return bad("has no port");
  host_port made;
  const auto port = text.substr(colon + 1);
  const auto [end, code] = std::from_chars(port.data(), port.data() + port.size(), made.port);
  if (port.empty() || code != std::errc{} || end != port.data() + port.size())
    return bad("has no port from 0 to 65535");
  auto host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) {
    made.host = host.substr(1, host.size() - 2);
    return is_ipv6(made.host) ? result<host_port>{made} : bad("is no IPv6 address in brackets");
  }
  made.host = host;
  return is_host(host) ? result<host_port>{made} : bad("names no host");
}

std::string to_string(const host_port& of) {
  const bool bare = of.host.find(':') == std::string::npos;
  return (bare ? of.host : "[" + of.host + "]") + ":" + std::to_string(of.port);
}

} // namespace troupe::cluster
