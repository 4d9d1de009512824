#include "cluster/launch/internal/own_postgres.hpp"

#include "cluster/launch/internal/node_folder.hpp"
#include "cluster/launch/internal/program.hpp"
#include "cluster/launch/internal/random_text.hpp"
#include "cluster/launch/internal/spawn.hpp"
#include "cluster/launch/internal/tail.hpp"
#include "cluster/pki/files.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <netinet/in.h>
#include <pwd.h>
#include <sstream>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

namespace troupe::cluster {
namespace {

namespace fs = std::filesystem;
using steady = std::chrono::steady_clock;

constexpr const char* database_user = "troupe";
constexpr const char* root_stands_in = "postgres";
constexpr std::size_t secret_digits = 32;
constexpr int most_ports = 3;
/// Of initdb and of the first start, which wait for the disk.
constexpr std::chrono::minutes database_timeout{5};
/// From SIGINT on ("fast": sessions are ended), until it is killed.
constexpr std::chrono::seconds stop_patience{30};

/// The newest of what is installed, or what TROUPE_POSTGRES_BIN names.
result<fs::path> postgres_programs() {
  std::error_code none;
  if (const char* named = std::getenv("TROUPE_POSTGRES_BIN"); named && *named)
    return fs::path{named};
  int newest = 0;
  fs::path found;
  for (const auto& each : fs::directory_iterator{"/usr/lib/postgresql", none}) {
    const auto version = each.path().filename().string();
    int number = 0;
    std::from_chars(version.data(), version.data() + version.size(), number);
    if (number > newest && fs::exists(each.path() / "bin/initdb", none)) {
      newest = number;
      found = each.path() / "bin";
    }
  }
  if (newest > 0) return found;
  if (const auto program = find_program("initdb")) return fs::path{*program}.parent_path();
  return fail(launch_errc::provider_failed,
              "PostgreSQL is not installed; install it (Debian: apt-get install postgresql), name "
              "its folder of programs in TROUPE_POSTGRES_BIN, or write 'store: {kind: sqlite}'");
}

/// How root becomes the server's user; nothing for everybody else.
std::vector<std::string> as_server(const fs::path& program) {
  if (::geteuid() != 0) return {program.string()};
  return {"/usr/bin/setpriv", std::string{"--reuid="} + root_stands_in,
          std::string{"--regid="} + root_stands_in, "--init-groups", program.string()};
}

result<void> give_to_server(const fs::path& place) {
  if (::geteuid() != 0) return {};
  const auto* user = ::getpwnam(root_stands_in);
  if (!user)
    return fail(launch_errc::provider_failed,
                "root cannot run PostgreSQL, and there is no user postgres; install the package "
                "postgresql, or run troupe as another user");
  if (::lchown(place.c_str(), user->pw_uid, user->pw_gid) == 0) return {};
  return fail(launch_errc::provider_failed, "cannot give " + place.string() + " to postgres");
}

/// A port that was free a moment ago; 0 where there is none.
std::uint16_t free_port() {
  const agents::file_descriptor probe{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof at;
  auto* address = reinterpret_cast<sockaddr*>(&at);
  if (!probe || ::bind(probe.get(), address, size) != 0 ||
      ::getsockname(probe.get(), address, &size) != 0)
    return 0;
  return ntohs(at.sin_port);
}

std::string trimmed_file(const fs::path& file) {
  auto text = read_file(file, launch_defaults::file_bytes).value_or(std::string{});
  while (!text.empty() && text.back() == '\n')
    text.pop_back();
  return text;
}

std::uint16_t port_in(const fs::path& file) {
  const auto text = trimmed_file(file);
  std::uint16_t port = 0;
  std::from_chars(text.data(), text.data() + text.size(), port);
  return port;
}

} // namespace

bool own_postgres::is_running() const {
  const auto mark = read_mark(mark_file());
  return mark && is_alive(*mark);
}

result<std::string> own_postgres::address() const {
  const auto secret = trimmed_file(secret_file());
  const auto port = port_in(port_file());
  if (secret.empty() || port == 0)
    return fail(launch_errc::not_found, "the cluster's PostgreSQL was never started");
  return std::string{"postgresql://"} + database_user + ":" + secret +
         "@127.0.0.1:" + std::to_string(port) + "/postgres?schema=troupe";
}

result<void> own_postgres::init(const fs::path& programs, const std::function<bool()>& stop_asked) {
  std::error_code none;
  if (fs::exists(folder() / "data", none)) return {};
  if (auto made = make_folder(folder()); !made) return made;
  if (auto given = give_to_server(folder()); !given) return given;
  const auto secret = random_hex(secret_digits);
  if (auto put = write_file(secret_file(), secret + "\n", private_mode); !put) return put;
  // The server's user gets a copy for the time being.
  const auto copy = folder() / "password";
  if (auto put = write_file(copy, secret + "\n", private_mode); !put) return put;
  if (auto given = give_to_server(copy); !given) return given;
  // Under another name until it is whole: a half made one is made anew.
  const auto part = folder() / "data.part";
  fs::remove_all(part, none);
  auto command = as_server(programs / "initdb");
  for (const std::string& each :
       {std::string{"-D"}, part.string(), std::string{"-U"}, std::string{database_user},
        std::string{"--auth=scram-sha-256"}, std::string{"--encoding=UTF8"},
        std::string{"--locale=C"}, std::string{"--no-instructions"}, "--pwfile=" + copy.string()})
    command.push_back(each);
  const auto done = run_well({command, {}, database_timeout, stop_asked});
  fs::remove(copy, none);
  if (!done)
    return fail(done.error().code, done.error().context + "; every folder above " +
                                       folder().string() + " must let its user in");
  fs::rename(part, folder() / "data", none);
  return none ? fail(launch_errc::provider_failed, "cannot rename " + part.string())
              : result<void>{};
}

result<process_mark> own_postgres::launch(const fs::path& programs, std::uint16_t port) {
  if (auto put = write_file(port_file(), std::to_string(port) + "\n", public_mode); !put)
    return tl::unexpected(std::move(put.error()));
  auto command = as_server(programs / "postgres");
  for (const std::string& each :
       {std::string{"-D"}, (folder() / "data").string(), std::string{"-h"},
        std::string{"127.0.0.1"}, std::string{"-p"}, std::to_string(port), std::string{"-c"},
        std::string{"unix_socket_directories="}})
    command.push_back(each);
  return spawn_detached({command, folder() / "data", log_file(), mark_file()});
}

result<void> own_postgres::await_ready(const process_mark& mark,
                                       const std::function<bool()>& stop_asked) const {
  const auto end = steady::now() + database_timeout;
  // The server's own file: its number is in the first line, its state in the eighth.
  while (steady::now() < end) {
    std::istringstream lines{trimmed_file(folder() / "data" / "postmaster.pid")};
    std::string line, first;
    for (int i = 1; i <= 8 && std::getline(lines, line); ++i)
      if (i == 1) first = line;
    if (first == std::to_string(mark.pid) && line.starts_with("ready")) return {};
    if (!is_alive(mark)) return fail(launch_errc::ended_early, "PostgreSQL:" + last_lines());
    if (stop_asked && stop_asked()) return fail(launch_errc::interrupted, "PostgreSQL");
    std::this_thread::sleep_for(launch_defaults::near_look);
  }
  return fail(launch_errc::timed_out, "PostgreSQL is not ready:" + last_lines());
}

std::string own_postgres::last_lines() const {
  const auto part = read_part(log_file(), log_end, launch_defaults::log_bytes);
  return part ? indented_tail(part->text) : std::string{};
}

result<void> own_postgres::start(const std::function<bool()>& stop_asked) {
  const auto programs = postgres_programs();
  if (!programs) return tl::unexpected(programs.error());
  if (auto made = init(*programs, stop_asked); !made) return made;
  // Where it was, so that nodes which are still at work find it again; elsewhere when somebody has taken that port.
  auto port = port_in(port_file());
  result<void> ready;
  for (int i = 0; i < most_ports; ++i) {
    if (port == 0) port = free_port();
    auto mark = read_mark(mark_file());
    if (!mark || !is_alive(*mark)) {
      auto started = launch(*programs, port);
      if (!started) return tl::unexpected(std::move(started.error()));
      mark = *started;
    }
    ready = await_ready(*mark, stop_asked);
    if (ready || ready.error().context.find("could not bind") == std::string::npos) break;
    port = 0;
  }
  if (!ready) static_cast<void>(stop());
  return ready;
}

result<void> own_postgres::stop() {
  const auto mark = read_mark(mark_file());
  if (!mark || !send_signal(*mark, SIGINT)) return {};
  const auto kill_at = steady::now() + stop_patience;
  const auto give_up_at = kill_at + launch_defaults::stop_grace;
  while (is_alive(*mark)) {
    if (steady::now() > kill_at) send_signal(*mark, SIGQUIT);
    if (steady::now() > give_up_at) {
      kill_group(*mark);
      return fail(launch_errc::timed_out, "PostgreSQL did not end and was killed; it recovers its "
                                          "log at the next start");
    }
    std::this_thread::sleep_for(launch_defaults::near_look);
  }
  return {};
}

void own_postgres::purge() const {
  std::error_code none;
  for (const auto& each : {folder(), mark_file(), log_file(), secret_file(), port_file()})
    fs::remove_all(each, none);
}

} // namespace troupe::cluster
