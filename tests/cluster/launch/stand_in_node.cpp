// Stands in for `troupe node --config FILE` where something else is tested: listens, says that it is ready, ends on SIGTERM.
// Its label `stand-in` has it break that: `never-ready`, `dies` (before it is ready), `stays` (whatever SIGTERM says).
#include "cluster/launch/node_config.hpp"
#include "cluster/launch/node_status.hpp"

#include <arpa/inet.h>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <fstream>
#include <iostream>
#include <netinet/in.h>
#include <poll.h>
#include <string_view>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

using namespace troupe;
using namespace troupe::cluster;

namespace {

void say(const std::string& text) {
  const auto now = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
  fmt::print(stderr, "{:%FT%T}Z info {}\n", now, text);
}

/// Listens where it is told. @returns the port, 0 where that cannot be.
std::uint16_t listen_at(const host_port& where, int& made) {
  made = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_port = htons(where.port);
  socklen_t size = sizeof at;
  auto* address = reinterpret_cast<sockaddr*>(&at);
  if (::inet_pton(AF_INET, where.host.c_str(), &at.sin_addr) != 1 ||
      ::bind(made, address, size) != 0 || ::listen(made, 8) != 0 ||
      ::getsockname(made, address, &size) != 0)
    return 0;
  return ntohs(at.sin_port);
}

/// Waits for a signal, at most so long. @returns whether one came.
bool await_signal(int signals, int milliseconds) {
  pollfd waited{signals, POLLIN, 0};
  signalfd_siginfo which{};
  return ::poll(&waited, 1, milliseconds) == 1 &&
         ::read(signals, &which, sizeof which) == sizeof which;
}

/// Waits until the seeds file names a coordinator. @returns nothing where a signal came before.
std::optional<std::string> await_seed(const node_config& config, int signals) {
  constexpr int look_every = 10;
  for (;;) {
    std::ifstream in{config.seeds_file};
    const std::string text{std::istreambuf_iterator<char>{in}, {}};
    if (const auto seeds = parse_seeds(text); !seeds.empty()) return seeds.front();
    if (await_signal(signals, look_every)) return std::nullopt;
  }
}

int be_node(const node_config& config, int signals) {
  const auto mode = config.labels.contains("stand-in") ? config.labels.at("stand-in") : "";
  say("starting as " + config.name);
  for (const char* needed : {".pem", ".key"})
    if (!std::filesystem::exists(config.certificates / (config.name + needed))) {
      say("no certificate in " + config.certificates.string());
      return 1;
    }
  if (mode == "dies") {
    say("cannot go on: so it was told");
    return 1;
  }
  int listening = -1;
  auto reached = config.advertise.value_or(config.listen);
  reached.port = listen_at(config.listen, listening);
  if (reached.port == 0) {
    say("cannot listen at " + to_string(config.listen));
    return 1;
  }
  if (!config.roles.contains(node_role::coordinator)) {
    const auto seed = await_seed(config, signals);
    if (!seed) return 0;
    say("joined at " + *seed);
  }
  if (mode != "never-ready") {
    const auto now =
        std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
    const node_status status{config.name, ::getpid(), to_string(reached), config.roles, 1, now};
    if (!write_node_status(config.data, status)) return 1;
    say(fmt::format("ready: {} at {}", config.name, status.address));
  }
  while (!await_signal(signals, -1) || mode == "stays") {
  }
  say("stopping");
  remove_node_status(config.data);
  return 0;
}

} // namespace

int main(int argc, char** argv) {
  if (argc != 4 || std::string_view{argv[1]} != "node" || std::string_view{argv[2]} != "--config") {
    std::cerr << "usage: stand_in_node node --config FILE\n";
    return 2;
  }
  const auto config = read_node_config(argv[3]);
  if (!config) {
    std::cerr << config.error().message() << '\n';
    return 2;
  }
  sigset_t waited;
  sigemptyset(&waited);
  sigaddset(&waited, SIGTERM);
  sigaddset(&waited, SIGINT);
  sigprocmask(SIG_BLOCK, &waited, nullptr);
  return be_node(*config, ::signalfd(-1, &waited, SFD_CLOEXEC));
}
