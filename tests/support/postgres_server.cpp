#include "tests/support/postgres_server.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <grp.h>
#include <memory>
#include <pqxx/connection>
#include <pqxx/nontransaction>
#include <pwd.h>
#include <sstream>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace troupe::test {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::seconds longest_start{30};

[[noreturn]] void give_up(const std::string& why) {
  throw std::runtime_error{"no PostgreSQL server for this test: " + why};
}

/// Debian keeps the programs of each version apart.
fs::path find_programs() {
  if (const char* named = std::getenv("TROUPE_POSTGRES_BIN"); named && *named) return named;
  std::vector<fs::path> found;
  std::error_code ignored;
  for (const auto& version : fs::directory_iterator{"/usr/lib/postgresql", ignored})
    if (fs::exists(version.path() / "bin/initdb")) found.push_back(version.path() / "bin");
  if (found.empty())
    give_up("its programs are not installed; run tools/setup (package postgresql), or name their "
            "folder in TROUPE_POSTGRES_BIN");
  return *std::max_element(found.begin(), found.end());
}

/// Who runs the server: this user or, where that is root, `postgres`.
const passwd& server_user() {
  const passwd* user = geteuid() == 0 ? getpwnam("postgres") : getpwuid(geteuid());
  if (!user) give_up("there is no user postgres; run tools/setup (package postgresql)");
  return *user;
}

int free_port() {
  const int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in name{};
  name.sin_family = AF_INET;
  name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(name);
  if (bind(descriptor, reinterpret_cast<sockaddr*>(&name), size) != 0 ||
      getsockname(descriptor, reinterpret_cast<sockaddr*>(&name), &size) != 0)
    give_up("no free port");
  close(descriptor);
  return ntohs(name.sin_port);
}

std::vector<pid_t> children_of(pid_t parent) {
  std::vector<pid_t> found;
  const std::string task = std::to_string(parent);
  std::ifstream in{"/proc/" + task + "/task/" + task + "/children"};
  for (pid_t each = 0; in >> each;)
    found.push_back(each);
  return found;
}

} // namespace

postgres_server::postgres_server() : programs_(find_programs()), port_(free_port()) {
  const passwd& user = server_user();
  if (chown(folder_.path().c_str(), user.pw_uid, user.pw_gid) != 0)
    give_up("its folder cannot be given to " + std::string{user.pw_name});
  make_cluster();
  start();
}

postgres_server::~postgres_server() {
  stop();
}

postgres_server& postgres_server::shared() {
  static postgres_server one;
  return one;
}

/// @param lasting whether it is to end with this process.
pid_t postgres_server::spawn(const std::vector<std::string>& command, bool lasting) const {
  std::vector<char*> arguments;
  for (const std::string& each : command)
    arguments.push_back(const_cast<char*>(each.c_str()));
  arguments.push_back(nullptr);
  const passwd& user = server_user();
  const std::string log = folder_.path() / "log";
  const pid_t child = fork();
  if (child != 0) return child;
  const int out = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0666);
  dup2(out, STDOUT_FILENO);
  dup2(out, STDERR_FILENO);
  if (geteuid() == 0 &&
      (setgroups(0, nullptr) != 0 || setgid(user.pw_gid) != 0 || setuid(user.pw_uid) != 0))
    _exit(126);
  if (lasting) prctl(PR_SET_PDEATHSIG, SIGQUIT);
  if (chdir("/") != 0) _exit(126);
  execv(arguments[0], arguments.data());
  _exit(127);
}

void postgres_server::make_cluster() const {
  write_file(folder_.path() / "secret", password);
  fs::permissions(folder_.path() / "secret", fs::perms::others_read, fs::perm_options::add);
  const pid_t child =
      spawn({programs_ / "initdb", "-N", "-D", folder_.path() / "data", "-U", "postgres",
             "--auth-local=trust", "--auth-host=scram-sha-256", "--encoding=UTF8", "--locale=C",
             "--no-instructions", "--pwfile=" + (folder_.path() / "secret").string()},
            false);
  int status = 0;
  if (waitpid(child, &status, 0) != child || status != 0)
    give_up("initdb failed: " + read_file(folder_.path() / "log"));
}

void postgres_server::start() {
  std::vector<std::string> command{programs_ / "postgres",
                                   "-D",
                                   folder_.path() / "data",
                                   "-k",
                                   folder_.path(),
                                   "-h",
                                   "127.0.0.1",
                                   "-p",
                                   std::to_string(port_)};
  std::istringstream settings{"fsync=on\nshared_buffers=16MB\nmax_connections=60\n" + settings_};
  for (std::string line; std::getline(settings, line);)
    command.insert(command.end(), {"-c", line});
  process_ = spawn(command, true);
  await_ready();
}

void postgres_server::await_ready() const {
  const auto last = std::chrono::steady_clock::now() + longest_start;
  for (;;) {
    try {
      (void)query("SELECT 1");
      return;
    } catch (const std::exception& thrown) {
      if (waitpid(process_, nullptr, WNOHANG) != 0 || std::chrono::steady_clock::now() >= last)
        give_up(std::string{thrown.what()} + read_file(folder_.path() / "log"));
    }
    std::this_thread::sleep_for(std::chrono::milliseconds{10});
  }
}

void postgres_server::kill() {
  if (process_ < 0) return;
  ::kill(process_, SIGSTOP); // it starts nothing more
  for (const pid_t each : children_of(process_))
    ::kill(each, SIGKILL);
  ::kill(process_, SIGKILL);
  waitpid(std::exchange(process_, -1), nullptr, 0);
}

void postgres_server::stop() {
  if (process_ < 0) return;
  ::kill(process_, SIGINT); // "fast": sessions are ended
  waitpid(std::exchange(process_, -1), nullptr, 0);
}

std::string postgres_server::address(const std::string& schema) const {
  std::string socket;
  for (const char each : folder_.path().string())
    socket += each == '/' ? "%2F" : std::string(1, each);
  return "postgresql://postgres@" + socket + ":" + std::to_string(port_) +
         "/postgres?schema=" + schema;
}

std::string postgres_server::address_with(const std::string& user,
                                          const std::string& secret) const {
  return "postgresql://" + user + ":" + secret + "@127.0.0.1:" + std::to_string(port_) +
         "/postgres";
}

std::string postgres_server::plain_address() const {
  return "host=" + folder_.path().string() + " port=" + std::to_string(port_) +
         " user=postgres dbname=postgres";
}

void postgres_server::execute(const std::string& sql) const {
  (void)query(sql);
}

std::string postgres_server::query(const std::string& sql) const {
  pqxx::connection on{plain_address()};
  const pqxx::quiet_errorhandler quiet{on};
  pqxx::nontransaction sender{on};
  const auto found = sender.exec(sql);
  return found.empty() || found.columns() == 0 ? "" : found[0][0].c_str();
}

std::string any_schema() {
  static int last = 0;
  return "test_" + std::to_string(++last);
}

} // namespace troupe::test
