#pragma once

#include "actors/runtime/timer.hpp"
#include "cluster/fabric/transport.hpp"
#include "cluster/testing/link_shape.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace troupe::cluster::testing {

class network_core;

struct network_options {
  /// Everything that is left to chance comes from this.
  std::uint64_t seed = 1;
  /// What links are like where nothing else is said.
  link_shape links;
  std::chrono::nanoseconds silence = defaults::silence;
  std::chrono::nanoseconds handshake = defaults::handshake;
  std::size_t window_bytes = defaults::window_bytes;
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

private:
  std::shared_ptr<network_core> core_;
};

} // namespace troupe::cluster::testing
