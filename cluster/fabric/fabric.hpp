#pragma once

#include "actors/runtime/agent_system.hpp"
#include "cluster/fabric/errc.hpp"
#include "cluster/fabric/ingress.hpp"
#include "cluster/fabric/transport.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace troupe::cluster {

class fabric_core;

struct fabric_options {
  /// As this node's certificate says it.
  node_identity self;
  /// For people, and for the log of others.
  std::string build;
  std::vector<ingress_rule> rules = default_ingress_rules();
  /// On which node an agent lives; empty: on this one. Called for every message that names no node, by any thread.
  std::function<std::string(const envelope_header&)> locate{};
  /// Whether this node may serve others at this moment: a member whose lease holds. Empty: always. What keeps the cluster
  /// together (`cluster.*`) is served all the same.
  std::function<bool()> may_serve{};
  /// How long a peer may be out of reach before requests that wait for it fail, where nobody said earlier that it is gone.
  std::chrono::milliseconds patience{30'000};
};

/// Counters since start.
struct fabric_metrics {
  std::uint64_t links_opened = 0, links_lost = 0;
  /// Links that were refused after their handshake: another cluster's node, an earlier incarnation, another release.
  std::uint64_t links_refused = 0;
  std::uint64_t frames_sent = 0, frames_received = 0;
  std::uint64_t bytes_sent = 0, bytes_received = 0;
  std::uint64_t messages_sent = 0, messages_received = 0;
  /// Messages that no rule let in.
  std::uint64_t not_allowed = 0;
  /// Messages whose number had been there before; dropped.
  std::uint64_t repeated = 0;
  /// Messages refused here since too much waited for their node already.
  std::uint64_t refused_full = 0;
  /// Peers that broke the protocol.
  std::uint64_t bad_peers = 0;
};

/// A peer as it stands.
struct fabric_peer {
  std::string node;
  /// Empty: only it can open links.
  std::string address;
  std::set<node_role> roles;
  std::uint64_t incarnation = 0;
  bool reached = false;
  std::size_t waiting_messages = 0, waiting_bytes = 0;
  /// Requests sent there without an answer yet.
  std::size_t unanswered = 0;
};

/// Messages between the agents of this process and those of other nodes. Two nodes that both live lose nothing of what was
/// accepted and get nothing twice, in order, also when the network breaks in between; when a node is gone, requests to it
/// fail as "fabric.node_lost". All members may be called from any thread but where they say otherwise.
///
/// Failures (retryable: yes or no):
/// | type | when |
/// |---|---|
/// | fabric.unknown_node (yes) | nobody has said where the node is |
/// | fabric.node_full (yes) | too much waits for it already |
/// | fabric.unreachable (yes) | it could not be reached for `patience` |
/// | fabric.node_lost (yes) | it is gone: the request may have had its effect |
/// | fabric.not_member (yes) | the node that is asked is no member at this moment |
/// | fabric.not_allowed (no) | its ingress lets no such message in |
/// | fabric.bad_message, fabric.bad_answer (no) | what came cannot be read |
/// | fabric.stopped (no) | the fabric stops |
class fabric {
public:
  /// @param system whose agents it connects (`agent_system::route_through`); outlives the fabric.
  [[nodiscard]] static result<std::unique_ptr<fabric>>
  start(agent_system& system, std::unique_ptr<transport> over, fabric_options options);
  /// Calls `stop`.
  ~fabric();
  fabric(const fabric&) = delete;
  fabric& operator=(const fabric&) = delete;

  /// Takes links at `HOST:PORT`. @returns the address with its port.
  [[nodiscard]] result<std::string> listen(const std::string& address);
  /// Where a node is; links to it are opened when something is to be sent.
  void set_address(const std::string& node, const std::string& address);
  /// Opens a link to whoever listens there. @param then told its name, or why not; on a thread of the fabric.
  void reach(const std::string& address, std::function<void(result<std::string>)> then);

  /// This node has joined, or (0) is no member any more.
  void set_incarnation(std::uint64_t incarnation);
  /// Of that node earlier incarnations are refused from now on; what has an earlier one loses its link. Who has joined counts
  /// as a member for `ingress`.
  void admit(const std::string& node, std::uint64_t incarnation);
  /// That node, in this incarnation or an earlier one, is gone: what was asked of it fails, what it asked for is cancelled,
  /// and it is not let in any more.
  void lose(const std::string& node, std::uint64_t incarnation, const std::string& why);

  /// This node is fenced: what it asked of others fails, what it does for them is cancelled, its links are closed.
  void begin_anew();

  /// Roles of a peer, as its certificate said when it was reached last; empty for one that never was.
  [[nodiscard]] std::set<node_role> roles_of(const std::string& node) const;
  [[nodiscard]] std::vector<fabric_peer> peers() const;
  [[nodiscard]] fabric_metrics metrics() const;

  /// Says good-bye, fails what waits, closes every link. Not from an agent or a callback. May be called again.
  void stop();

private:
  explicit fabric(std::shared_ptr<fabric_core> core);
  std::shared_ptr<fabric_core> core_;
};

} // namespace troupe::cluster
