#include "tests/support/cutting_proxy.hpp"

#include <arpa/inet.h>
#include <array>
#include <chrono>
#include <poll.h>
#include <stdexcept>
#include <sys/socket.h>
#include <unistd.h>

namespace troupe::test {
namespace {

constexpr int tick_ms = 20;
/// Longer than a client needs to connect again and ask.
constexpr std::chrono::milliseconds delay{400};

sockaddr_in loopback(int port) {
  sockaddr_in name{};
  name.sin_family = AF_INET;
  name.sin_port = htons(static_cast<std::uint16_t>(port));
  name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return name;
}

bool is_readable(int descriptor, int wait_ms) {
  pollfd asked{descriptor, POLLIN, 0};
  return poll(&asked, 1, wait_ms) > 0;
}

std::string receive(int from) {
  std::array<char, 65'536> buffer;
  const auto size = recv(from, buffer.data(), buffer.size(), 0);
  return size > 0 ? std::string(buffer.data(), static_cast<std::size_t>(size)) : "";
}

bool send_all(int to, const std::string& bytes) {
  for (std::size_t sent = 0; sent < bytes.size();) {
    const auto size = send(to, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (size <= 0) return false;
    sent += static_cast<std::size_t>(size);
  }
  return true;
}

int count_in(const std::string& text, const std::string& word) {
  int found = 0;
  for (auto at = text.find(word); at != std::string::npos; at = text.find(word, at + 1))
    ++found;
  return found;
}

} // namespace

cutting_proxy::cutting_proxy(int server_port)
    : listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)), server_port_(server_port) {
  sockaddr_in name = loopback(0);
  socklen_t size = sizeof(name);
  if (bind(listener_, reinterpret_cast<sockaddr*>(&name), size) != 0 ||
      listen(listener_, 16) != 0 ||
      getsockname(listener_, reinterpret_cast<sockaddr*>(&name), &size) != 0)
    throw std::runtime_error{"cannot listen"};
  port_ = ntohs(name.sin_port);
  accepting_ = std::thread{[this] { accept_all(); }};
}

cutting_proxy::~cutting_proxy() {
  ending_ = true;
  accepting_.join();
  for (std::thread& each : connections_)
    each.join();
  close(listener_);
}

void cutting_proxy::accept_all() {
  while (!ending_)
    if (is_readable(listener_, tick_ms))
      if (const int client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC); client >= 0)
        connections_.emplace_back([this, client] { serve(client); });
}

void cutting_proxy::serve(int client) {
  const int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in name = loopback(server_port_);
  bool open = connect(server, reinterpret_cast<const sockaddr*>(&name), sizeof(name)) == 0;
  while (open && !ending_) {
    std::array<pollfd, 2> asked{pollfd{client, POLLIN, 0}, pollfd{server, POLLIN, 0}};
    if (poll(asked.data(), 2, tick_ms) <= 0) continue;
    if (asked[1].revents) {
      const std::string answer = receive(server);
      open = !answer.empty() && send_all(client, answer);
    }
    if (open && asked[0].revents) open = pass_to_server(client, server);
  }
  close(client);
  close(server);
}

bool cutting_proxy::pass_to_server(int client, int server) {
  const std::string sent = receive(client);
  if (sent.empty()) return false;
  if (!word_.empty()) counted_ += count_in(sent, word_);
  if (sent.find("COMMIT") == std::string::npos || next_ == deed::pass_on)
    return send_all(server, sent);
  cut(next_.exchange(deed::pass_on), client, server, sent);
  return false;
}

void cutting_proxy::cut(deed how, int client, int server, const std::string& commit) {
  // Whoever waits for an answer to be lost may stop the server then, so that counts once the commit is made.
  if (how != deed::lose_answer) ++cuts_;
  if (how == deed::lose_commit) return;
  if (how == deed::delay_commit) {
    shutdown(client, SHUT_RDWR);
    std::this_thread::sleep_for(delay);
  }
  (void)send_all(server, commit);
  (void)is_readable(server, 10'000); // it is done once it is answered
  if (how == deed::lose_answer) ++cuts_;
}

} // namespace troupe::test
