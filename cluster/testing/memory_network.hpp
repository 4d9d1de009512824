#pragma once

#include "actors/runtime/timer.hpp"
#include "cluster/fabric/transport.hpp"
#include "cluster/testing/fault_plan.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace troupe::cluster::testing {

class network_core;

struct network_options {
  /// Everything that is left to chance comes from this.
  std::uint64_t seed = 1;
  /// What links are like where nothing else is said.
  link_shape links{};
  /// A link on which nothing comes through is given up after this and up to a quarter more, at each end for itself.
  std::chrono::nanoseconds silence = defaults::silence;
  /// A link that is not open by then is given up.
  std::chrono::nanoseconds handshake = defaults::handshake;
  /// What a direction of a link holds that was not read yet; then `on_sent` waits.
  std::size_t window_bytes = defaults::window_bytes;
  /// Clocks of nodes begin at moments of their own, as those of machines do.
  bool unrelated_clocks = false;
};

struct network_counters {
  /// Everything that happened: arrivals, frames taken, ends, tasks of clocks.
  std::uint64_t events = 0;
  std::uint64_t links_opened = 0;
  std::uint64_t frames_sent = 0;
  std::uint64_t frames_delivered = 0;
  /// Links that ended because a frame was lost.
  std::uint64_t links_broken = 0;
  /// Ends of links given up for silence.
  std::uint64_t links_silent = 0;
};

/// One thing that happened, for traces.
struct network_moment {
  timer::clock::time_point at;
  /// "open", "frame", "closed" (`from` is the peer, `to` whoever was told); "begin", "end" (`from` is the fault, as text).
  std::string_view what;
  std::string_view from;
  std::string_view to;
  std::size_t bytes = 0;
};

/// A network in this process, for tests of what runs over a `transport`. On a virtual clock everything happens while the
/// test moves time on, on the test's thread, in an order that options and calls alone decide. On its own thread it is
/// for tests with real agent systems: quick, but in no order that a seed decides.
/// Certificates do not exist here: nodes are who they say they are, and reach each other if their cluster has one name.
/// Any thread may call. Not a measure of how fast a real network is.
class memory_network {
public:
  /// Delivers as tasks of `clock`: `virtual_timer::make()` or the clock of a `deterministic_system`.
  explicit memory_network(std::shared_ptr<timer> clock, network_options options = {});
  /// Delivers on a thread of its own.
  explicit memory_network(network_options options = {});
  /// Stops every transport. Not from a listener.
  ~memory_network();
  memory_network(const memory_network&) = delete;
  memory_network& operator=(const memory_network&) = delete;

  /// One process of the node `who.node`; it ends with the transport, and a later one may take its name and its address.
  /// Addresses are `HOST:PORT`, port 0 for any, or `mem://NAME`. A listener's `on_closed` may say
  /// `fabric_errc::unreachable`, `not_trusted` (another cluster), `closed`, `bad_peer` or `stopped`.
  /// @returns a transport whose `stop` calls what is left to be called: on a virtual clock on the calling thread.
  [[nodiscard]] std::unique_ptr<transport> make(node_identity who);
  /// The clock of a node, with its skew and drift, for what runs there. Its tasks run as frames arrive, on the thread of the
  /// network; they wait while the node is paused. It ends with the node's crash: the next call gives that of its next life,
  /// so what runs there keeps the one that it began with.
  [[nodiscard]] std::shared_ptr<timer> clock(const std::string& node);

  /// Names a fault that has begun.
  using fault_id = std::uint64_t;
  /// Begins a fault now; its times do not matter. After `crash` and `power_loss` no listener or clock of these nodes is or
  /// will be called, unless one calls this.
  fault_id begin(const fault& what);
  /// Ends one; what has ended stays so. A node whose power was lost is back at the latest when it gets a new transport.
  void end(fault_id which);
  /// Has every fault of `plan` begin and end, counted from now.
  /// @param told after each beginning and end, on the thread of the network; not from within a call to the network.
  void play(const fault_plan& plan, std::function<void(const fault& which, bool begins)> told = {});

  [[nodiscard]] network_counters counters() const;
  /// @param seen told what happens, in order; it must not call the network. Before the first transport is made.
  void observe(std::function<void(const network_moment&)> seen);

private:
  std::shared_ptr<network_core> core_;
};

} // namespace troupe::cluster::testing
