#include "cluster/fabric/grpc/internal/address.hpp"

#include "cluster/fabric/errc.hpp"
#include "cluster/fabric/grpc/defaults.hpp"

#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <memory>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <system_error>

namespace troupe::cluster {
namespace {

using agents::file_descriptor;

constexpr std::size_t longest_host_name = 253;

tl::unexpected<error> no_address(std::string_view text) {
  return fail(fabric_errc::bad_option,
              "\"" + std::string{text.substr(0, longest_host_name)} +
                  "\" is no address; write HOST:PORT, with an IPv6 address in brackets");
}

int family_of(const std::string& host) {
  in6_addr room{};
  if (inet_pton(AF_INET, host.c_str(), &room) == 1) return AF_INET;
  return inet_pton(AF_INET6, host.c_str(), &room) == 1 ? AF_INET6 : AF_UNSPEC;
}

bool is_name(std::string_view host) {
  return !host.empty() && host.size() <= longest_host_name &&
         host.find_first_not_of(
             "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.") ==
             std::string_view::npos;
}

using addresses = std::unique_ptr<addrinfo, decltype([](addrinfo* of) { freeaddrinfo(of); })>;

result<addresses> look_up(const node_address& address) {
  addrinfo wanted{};
  wanted.ai_family = address.family;
  wanted.ai_socktype = SOCK_STREAM;
  wanted.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int failed =
      getaddrinfo(address.host.c_str(), std::to_string(address.port).c_str(), &wanted, &found);
  if (failed == 0) return addresses{found};
  return fail(fabric_errc::cannot_listen, to_text(address) + ": " + gai_strerror(failed) +
                                              "; listen at an address of this host");
}

/// @returns 0 or an errno.
int listen_on(const addrinfo& at, file_descriptor& fd) {
  fd = file_descriptor{::socket(at.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
  const int on = 1;
  if (!fd || ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
      ::bind(fd.get(), at.ai_addr, at.ai_addrlen) != 0 ||
      ::listen(fd.get(), grpc_defaults::backlog) != 0)
    return errno;
  return 0;
}

std::uint16_t port_of(int fd) {
  sockaddr_storage own{};
  socklen_t size = sizeof own;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&own), &size) != 0) return 0;
  return ntohs(own.ss_family == AF_INET6 ? reinterpret_cast<const sockaddr_in6&>(own).sin6_port
                                         : reinterpret_cast<const sockaddr_in&>(own).sin_port);
}

} // namespace

result<node_address> parse_address(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return no_address(text);
  node_address parsed;
  const auto digits = text.substr(colon + 1);
  const auto [end, failed] =
      std::from_chars(digits.data(), digits.data() + digits.size(), parsed.port);
  if (failed != std::errc{} || end != digits.data() + digits.size()) return no_address(text);
  auto host = text.substr(0, colon);
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  parsed.host = host;
  parsed.family = family_of(parsed.host);
  if (bracketed != (parsed.family == AF_INET6)) return no_address(text);
  if (parsed.family == AF_UNSPEC && !is_name(host)) return no_address(text);
  return parsed;
}

std::string to_text(const node_address& address) {
  const auto port = ":" + std::to_string(address.port);
  return address.family == AF_INET6 ? "[" + address.host + "]" + port : address.host + port;
}

std::string to_target(const node_address& address) {
  const char* scheme = address.family == AF_INET    ? "ipv4:"
                       : address.family == AF_INET6 ? "ipv6:"
                                                    : "dns:///";
  return scheme + to_text(address);
}

std::string to_text(const sockaddr_storage& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (address.ss_family == AF_INET) {
    const auto& four = reinterpret_cast<const sockaddr_in&>(address);
    inet_ntop(AF_INET, &four.sin_addr, text.data(), text.size());
    return std::string{text.data()} + ":" + std::to_string(ntohs(four.sin_port));
  }
  const auto& six = reinterpret_cast<const sockaddr_in6&>(address);
  const auto port = ":" + std::to_string(ntohs(six.sin6_port));
  if (IN6_IS_ADDR_V4MAPPED(&six.sin6_addr)) {
    inet_ntop(AF_INET, &six.sin6_addr.s6_addr[12], text.data(), text.size());
    return text.data() + port;
  }
  inet_ntop(AF_INET6, &six.sin6_addr, text.data(), text.size());
  return "[" + std::string{text.data()} + "]" + port;
}

std::string from_peer(std::string_view peer) {
  const auto colon = peer.find(':');
  std::string text{peer.substr(colon == std::string_view::npos ? 0 : colon + 1)};
  for (const auto& [code, character] : {std::pair{"%5B", "["}, {"%5D", "]"}, {"%25", "%"}})
    if (const auto at = text.find(code); at != std::string::npos)
      text.replace(at, std::strlen(code), character);
  return text;
}

result<listening_socket> listen_at(const node_address& address) {
  const auto found = look_up(address);
  if (!found) return tl::unexpected(found.error());
  int why = EADDRNOTAVAIL;
  for (const addrinfo* at = found->get(); at; at = at->ai_next) {
    file_descriptor fd;
    why = listen_on(*at, fd);
    if (why != 0) continue;
    node_address own = address;
    own.port = port_of(fd.get());
    return listening_socket{std::move(fd), to_text(own)};
  }
  return fail(fabric_errc::cannot_listen, to_text(address) + ": " +
                                              std::generic_category().message(why) +
                                              "; choose another port, or stop who has it");
}

} // namespace troupe::cluster
