#pragma once

#include "cluster/launch/cluster_spec.hpp"
#include "cluster/launch/internal/program.hpp"
#include "kernels/result.hpp"

#include <atomic>
#include <filesystem>
#include <memory>
#include <semaphore>
#include <string>
#include <thread>

namespace troupe::cluster {

/// One connection to a host by the system's `ssh`, over which scripts run. It ends with this object, and with this process,
/// however that ends. Any thread may run scripts.
class ssh_session {
public:
  /// Connects. @param sockets a folder of this user alone with a short path.
  /// @returns `launch_errc::provider_failed` with what ssh says: an unknown host key, no right to log in, nobody there.
  [[nodiscard]] static result<std::unique_ptr<ssh_session>>
  open(const ssh_provider_spec& spec, const std::string& host,
       const std::filesystem::path& sockets);
  ~ssh_session();
  ssh_session(const ssh_session&) = delete;
  ssh_session& operator=(const ssh_session&) = delete;

  /// Runs a script in a POSIX shell there.
  /// @returns what it wrote to standard output; `launch_errc::provider_failed` where it ends with anything but 0.
  [[nodiscard]] result<std::string> run(const std::string& script);

private:
  /// Servers allow ten (MaxSessions).
  static constexpr int most_scripts = 8;

  ssh_session(std::string host, std::filesystem::path socket)
      : host_{std::move(host)}, socket_{std::move(socket)} {}
  [[nodiscard]] result<void> await_connection();

  std::string host_;
  std::filesystem::path socket_;
  std::vector<std::string> options_;
  std::counting_semaphore<most_scripts> free_{most_scripts};
  std::atomic<bool> stopping_{false}, master_ended_{false};
  /// Set before `master_ended_`.
  std::string why_;
  std::thread master_;
};

} // namespace troupe::cluster
