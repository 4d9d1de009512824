#include "cluster/launch/internal/ssh_session.hpp"

#include "cluster/launch/errc.hpp"

#include <chrono>

namespace troupe::cluster {
namespace {

namespace fs = std::filesystem;
using steady = std::chrono::steady_clock;

/// How long a connection may be held: longer than any command lasts but `logs --follow`, which opens it again.
constexpr std::chrono::hours longest_session{24};

std::vector<std::string> options_of(const ssh_provider_spec& spec) {
  // Nothing is asked, no host is taken on trust, nothing is forwarded.
  std::vector<std::string> made{"-T"};
  for (const std::string& each :
       {std::string{"BatchMode=yes"}, std::string{"StrictHostKeyChecking=yes"},
        std::string{"ClearAllForwardings=yes"}, std::string{"ForwardAgent=no"},
        std::string{"PermitLocalCommand=no"}, std::string{"LogLevel=ERROR"},
        std::string{"ServerAliveInterval=15"}, std::string{"ControlPersist=no"},
        "ConnectTimeout=" + std::to_string(launch_defaults::ssh_connect_timeout.count())})
    made.insert(made.end(), {"-o", each});
  made.insert(made.end(), {"-p", std::to_string(spec.port)});
  if (!spec.user.empty()) made.insert(made.end(), {"-l", spec.user});
  if (!spec.identity.empty())
    made.insert(made.end(), {"-o", "IdentitiesOnly=yes", "-i", spec.identity.string()});
  if (!spec.known_hosts.empty())
    made.insert(made.end(), {"-o", "UserKnownHostsFile=" + spec.known_hosts.string()});
  return made;
}

std::vector<std::string> command_of(const std::vector<std::string>& options,
                                    const std::vector<std::string>& more) {
  std::vector<std::string> made{"ssh"};
  made.insert(made.end(), options.begin(), options.end());
  made.insert(made.end(), more.begin(), more.end());
  return made;
}

std::string remedy_for(const std::string& said) {
  if (said.find("verification failed") != std::string::npos)
    return "; check the host's key and add it to known_hosts (ssh-keyscan prints it)";
  if (said.find("Permission denied") != std::string::npos)
    return "; name a key that the host accepts with provider.identity, and the user with "
           "provider.user";
  return "; check provider.port, and that an SSH server runs there";
}

} // namespace

result<std::unique_ptr<ssh_session>>
ssh_session::open(const ssh_provider_spec& spec, const std::string& host, const fs::path& sockets) {
  std::unique_ptr<ssh_session> made{new ssh_session{host, sockets / host}};
  made->options_ = options_of(spec);
  made->master_ = std::thread{[self = made.get()] {
    const auto answer = run_program(
        {command_of(self->options_, {"-M", "-S", self->socket_.string(), "-N", "--", self->host_}),
         {},
         longest_session,
         [self] { return self->stopping_.load(); }});
    self->why_ = answer ? last_line(answer->error_output) : answer.error().context;
    self->master_ended_ = true;
  }};
  if (auto connected = made->await_connection(); !connected)
    return tl::unexpected(std::move(connected.error()));
  return made;
}

ssh_session::~ssh_session() {
  stopping_ = true;
  if (master_.joinable()) master_.join();
  std::error_code none;
  fs::remove(socket_, none);
}

result<void> ssh_session::await_connection() {
  const auto end = steady::now() + 2 * launch_defaults::ssh_connect_timeout;
  std::error_code none;
  // ssh makes the socket once the host knows this user.
  while (!fs::exists(socket_, none)) {
    if (master_ended_)
      return fail(launch_errc::provider_failed, "host " + host_ + ": " + why_ + remedy_for(why_));
    if (steady::now() > end)
      return fail(launch_errc::timed_out, "host " + host_ + " has not answered" + remedy_for({}));
    std::this_thread::sleep_for(launch_defaults::near_look);
  }
  return {};
}

result<std::string> ssh_session::run(const std::string& script) {
  if (master_ended_)
    return fail(launch_errc::provider_failed,
                "the connection to " + host_ + " has ended: " + why_ + remedy_for(why_));
  free_.acquire();
  auto answer =
      run_program({command_of(options_, {"-S", socket_.string(), "-o", "ControlMaster=no", "--",
                                         host_, "sh", "-s"}),
                   script, launch_defaults::program_timeout, [this] { return stopping_.load(); }});
  free_.release();
  if (!answer) return tl::unexpected(std::move(answer.error()));
  if (answer->code == 0) return std::move(answer->output);
  const auto said = last_line(answer->error_output);
  return fail(launch_errc::provider_failed,
              "host " + host_ + ": " +
                  (said.empty() ? "exit code " + std::to_string(answer->code) : said));
}

} // namespace troupe::cluster
