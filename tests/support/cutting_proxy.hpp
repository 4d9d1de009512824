#pragma once

#include <atomic>
#include <ostream>
#include <string>
#include <thread>
#include <vector>

namespace troupe::test {

/// Stands between a client and a PostgreSQL server on the loopback device, and cuts the connection at the next COMMIT.
class cutting_proxy {
public:
  enum class deed {
    pass_on,
    /// The server never hears of it.
    lose_commit,
    /// It is carried out, and the client does not hear of it.
    lose_answer,
    /// The client is cut off first; the server hears of it somewhat later.
    delay_commit,
  };

  explicit cutting_proxy(int server_port);
  ~cutting_proxy();
  cutting_proxy(const cutting_proxy&) = delete;
  cutting_proxy& operator=(const cutting_proxy&) = delete;

  [[nodiscard]] int port() const { return port_; }
  /// Once; then everything is passed on again.
  void at_next_commit(deed what) { next_ = what; }
  [[nodiscard]] int cuts() const { return cuts_; }
  /// How often something that the client sent had this in it, from now on.
  void count(std::string word) {
    word_ = std::move(word);
    counted_ = 0;
  }
  [[nodiscard]] int counted() const { return counted_; }

private:
  void accept_all();
  void serve(int client);
  /// @returns false when the connection is over.
  bool pass_to_server(int client, int server);
  void cut(deed how, int client, int server, const std::string& commit);

  int listener_ = -1, port_ = 0, server_port_;
  std::atomic<deed> next_{deed::pass_on};
  std::atomic<int> cuts_{0}, counted_{0};
  std::string word_;
  std::atomic<bool> ending_{false};
  std::vector<std::thread> connections_;
  std::thread accepting_;
};

inline std::ostream& operator<<(std::ostream& out, cutting_proxy::deed what) {
  return out << static_cast<int>(what);
}

} // namespace troupe::test
