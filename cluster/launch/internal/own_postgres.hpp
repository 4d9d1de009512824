#pragma once

#include "cluster/launch/internal/process_mark.hpp"
#include "kernels/result.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

namespace troupe::cluster {

/// A PostgreSQL server for one cluster: its data in DATA/postgres, on a free port of the loopback device, and for nobody
/// without the password in DATA/postgres.password. It goes on when this process has ended. Where this process is root's, the
/// server is the user postgres's, for it refuses to be root's.
class own_postgres {
public:
  explicit own_postgres(std::filesystem::path data) : data_{std::move(data)} {}

  /// Whether a server of an earlier command is at work.
  [[nodiscard]] bool is_running() const;
  /// Makes the database where there is none, starts the server, and waits until it answers.
  /// @param stop_asked asked meanwhile. @returns `launch_errc::provider_failed` where PostgreSQL is not installed,
  ///   `ended_early` with what its log says, `timed_out`, `interrupted`.
  [[nodiscard]] result<void> start(const std::function<bool()>& stop_asked);
  /// Ends it as an operator does: sessions are closed. Waits; kills what does not end.
  [[nodiscard]] result<void> stop();
  /// Its address for `store:`, with the password. @returns `launch_errc::not_found` before it was started.
  [[nodiscard]] result<std::string> address() const;
  /// Removes the database. @pre it is not running.
  void purge() const;

private:
  [[nodiscard]] std::filesystem::path folder() const { return data_ / "postgres"; }
  [[nodiscard]] std::filesystem::path mark_file() const { return data_ / "postgres.pid"; }
  [[nodiscard]] std::filesystem::path log_file() const { return data_ / "postgres.log"; }
  [[nodiscard]] std::filesystem::path secret_file() const { return data_ / "postgres.password"; }
  [[nodiscard]] std::filesystem::path port_file() const { return data_ / "postgres.port"; }

  [[nodiscard]] result<void> init(const std::filesystem::path& programs,
                                  const std::function<bool()>& stop_asked);
  [[nodiscard]] result<process_mark> launch(const std::filesystem::path& programs,
                                            std::uint16_t port);
  [[nodiscard]] result<void> await_ready(const process_mark& mark,
                                         const std::function<bool()>& stop_asked) const;
  [[nodiscard]] std::string last_lines() const;

  std::filesystem::path data_;
};

} // namespace troupe::cluster
