#pragma once

#include "tests/support/files.hpp"

#include <string>
#include <sys/types.h>
#include <vector>

namespace troupe::test {

/// A PostgreSQL server of the test's own: a new cluster in a temporary folder, reached through a socket there and on a free
/// port of the loopback device, with `fsync` on. Ends with this object, and with its process however that ends. It does not
/// run as root: root starts it as the user `postgres`.
///
/// Who comes through the socket needs no password; who comes over the port has `password`.
class postgres_server {
public:
  /// Makes and starts it, within about two seconds. Throws with a remedy where there is no server to be started.
  postgres_server();
  ~postgres_server();
  postgres_server(const postgres_server&) = delete;
  postgres_server& operator=(const postgres_server&) = delete;

  /// The one that a test program shares, started at its first use. Each test has a schema of its own.
  static postgres_server& shared();

  /// An address over the socket, of the superuser, for a schema.
  [[nodiscard]] std::string address(const std::string& schema = "troupe") const;
  /// The same over the port, for a user with a password.
  [[nodiscard]] std::string address_with(const std::string& user, const std::string& secret) const;
  /// Runs SQL as the superuser. Throws where it fails.
  void execute(const std::string& sql) const;
  /// The first column of the first row.
  [[nodiscard]] std::string query(const std::string& sql) const;

  /// More settings, as `-c name=value`, from the next start on.
  void set(const std::string& name, const std::string& value) {
    settings_ += name + '=' + value + '\n';
  }
  void start();
  /// Ends all its processes at once, as a power cut does but for the disk.
  void kill();
  /// Ends it in order.
  void stop();

  [[nodiscard]] int port() const { return port_; }
  /// What libpq takes without any options of troupe's.
  [[nodiscard]] std::string plain_address() const;

  static constexpr const char* password = "p@ss/word?";
  static constexpr const char* password_in_address = "p%40ss%2Fword%3F";

private:
  void make_cluster() const;
  void await_ready() const;
  [[nodiscard]] pid_t spawn(const std::vector<std::string>& command, bool lasting) const;

  temporary_folder folder_;
  std::filesystem::path programs_;
  std::string settings_;
  int port_ = 0;
  pid_t process_ = -1;
};

/// A schema name that no other test of this process has.
[[nodiscard]] std::string any_schema();

} // namespace troupe::test
