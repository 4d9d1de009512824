#pragma once

#include "cluster/fabric/grpc/internal/keeper.hpp"
#include "cluster/fabric/grpc/internal/refusals.hpp"

#include <chrono>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

namespace troupe::cluster {

/// Accepts connections and hands them to gRPC, which bounds neither how many there are nor says whom it dropped and why. It
/// keeps a second descriptor of each: so it sees the end of a connection, whoever ended it, and can end one itself.
class gate {
public:
  struct bounds {
    std::size_t connections, pending;
    std::chrono::milliseconds handshake;
  };
  using clock = std::chrono::steady_clock;

  gate(keeper& by, const bounds& limits, refusals& refused,
       std::shared_ptr<grpc_transport_metrics> metrics)
      : keeper_{by}, bounds_{limits}, refusals_{refused}, metrics_{std::move(metrics)} {}

  /// @param hand_over takes the descriptor of a connection.
  void open(agents::file_descriptor listener, std::function<void(int fd)> hand_over);
  /// Accepts no more, and hands over nothing when this returns. On the keeper's thread, or after it.
  void close();

  /// The keeper's duties.
  void ready(std::uint64_t id);
  [[nodiscard]] std::chrono::milliseconds tick(clock::time_point now);

  /// A connection has a link now. Any thread. @returns its number; 0 where it is gone.
  [[nodiscard]] std::uint64_t linked(const std::string& address);
  /// It has none any more: its connection is cut after a moment.
  void unlinked(std::uint64_t number);
  /// How many bytes it has brought, as the system counts them; 0 where it is gone.
  [[nodiscard]] std::uint64_t received(std::uint64_t number);
  /// The certificate that somebody showed is refused; the connection will end next. Any thread.
  void refused(refusal why, std::string reason);

private:
  struct connection {
    agents::file_descriptor fd;
    std::string address;
    clock::time_point deadline;
    bool linked = false;
    /// Why it ends needs not be said, or was.
    bool explained = false;
    bool cut = false;
  };
  struct reason {
    refusal why;
    std::string text;
    clock::time_point at;
  };
  using connections = std::map<std::uint64_t, connection>;

  void accept_some();
  [[nodiscard]] bool admit(agents::file_descriptor accepted, std::string address);
  [[nodiscard]] bool has_room(const std::string& address);
  void pause();
  void cut_locked(connection& one, refusal why, std::string reason);
  void too_late_locked(connection& one);
  void ended(std::uint64_t id);
  [[nodiscard]] reason next_reason_locked();
  void drop_old_reasons_locked(clock::time_point now);
  void tell();

  keeper& keeper_;
  const bounds bounds_;
  refusals& refusals_;
  const std::shared_ptr<grpc_transport_metrics> metrics_;
  agents::file_descriptor listener_;
  std::function<void(int fd)> hand_over_;
  /// Where the process has no more files, until when nothing is accepted.
  std::optional<clock::time_point> paused_until_;

  std::mutex mutex_;
  /// By age.
  connections connections_;
  std::unordered_map<std::string, std::uint64_t> by_address_;
  std::size_t pending_ = 0;
  std::uint64_t next_ = 1;
  /// Of connections whose end was not seen yet, in the order of what is said of them.
  std::deque<reason> reasons_;
  /// To be told when the lock is gone.
  std::vector<refused_peer> untold_;
};

} // namespace troupe::cluster
