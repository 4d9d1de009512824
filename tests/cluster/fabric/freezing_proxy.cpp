#include "tests/cluster/fabric/freezing_proxy.hpp"

#include "tests/cluster/fabric/strangers.hpp"

#include <algorithm>
#include <array>
#include <netinet/in.h>
#include <poll.h>
#include <stdexcept>
#include <sys/socket.h>
#include <unistd.h>

namespace troupe::test {
namespace {

constexpr int look_again_ms = 20;

/// @returns how many bytes; 0 at the end.
std::size_t pass_on(int from, int to) {
  std::array<char, 65'536> bytes{};
  const auto count = ::recv(from, bytes.data(), bytes.size(), 0);
  const bool good =
      count > 0 && ::send(to, bytes.data(), static_cast<std::size_t>(count), MSG_NOSIGNAL) == count;
  return good ? static_cast<std::size_t>(count) : 0;
}

} // namespace

freezing_proxy::freezing_proxy(const std::string& to)
    : listener_{::socket(AF_INET, SOCK_STREAM, 0)}, to_port_{
                                                        std::stoi(to.substr(to.rfind(':') + 1))} {
  sockaddr_in own{};
  own.sin_family = AF_INET;
  own.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof own;
  if (::bind(listener_, reinterpret_cast<const sockaddr*>(&own), size) != 0 ||
      ::listen(listener_, 1) != 0 ||
      ::getsockname(listener_, reinterpret_cast<sockaddr*>(&own), &size) != 0)
    throw std::runtime_error{"no port for the proxy of the test"};
  address_ = "127.0.0.1:" + std::to_string(ntohs(own.sin_port));
  thread_ = std::thread{[this] { run(); }};
}

freezing_proxy::~freezing_proxy() {
  ending_ = true;
  thread_.join();
  ::close(listener_);
}

void freezing_proxy::run() {
  pollfd one{.fd = listener_, .events = POLLIN, .revents = 0};
  while (!ending_ && ::poll(&one, 1, look_again_ms) != 1) {
  }
  if (ending_) return;
  const int client = ::accept(listener_, nullptr, nullptr);
  const tcp_stranger server{"127.0.0.1:" + std::to_string(to_port_)};
  std::array<pollfd, 2> both{{{.fd = client, .events = POLLIN, .revents = 0},
                              {.fd = server.fd(), .events = POLLIN, .revents = 0}}};
  bool open = true;
  while (!ending_) {
    const bool passes = open && !frozen_;
    if (::poll(both.data(), passes ? 2 : 0, look_again_ms) <= 0) continue;
    for (int side = 0; side < 2 && open && !frozen_; ++side) {
      if (both.at(static_cast<std::size_t>(side)).revents == 0) continue;
      const auto bytes =
          pass_on(side == 0 ? client : server.fd(), side == 0 ? server.fd() : client);
      open = bytes > 0;
      if (side == 0) bytes_left_ -= std::min(bytes, bytes_left_.load());
      if (bytes_left_ == 0) frozen_ = true;
    }
    if (!open) ::shutdown(client, SHUT_RDWR), ::shutdown(server.fd(), SHUT_RDWR);
  }
  ::close(client);
}

} // namespace troupe::test
