#include "cluster/testing/memory_network.hpp"

#include "cluster/testing/internal/memory_transport.hpp"
#include "cluster/testing/internal/network_core.hpp"

#include <utility>

namespace troupe::cluster::testing {

memory_network::memory_network(std::shared_ptr<timer> clock, network_options options)
    : core_(std::make_shared<network_core>(std::move(clock), std::move(options))) {}

memory_network::memory_network(network_options options)
    : core_(std::make_shared<network_core>(nullptr, std::move(options))) {}

memory_network::~memory_network() {
  core_->end();
}

std::unique_ptr<transport> memory_network::make(node_identity who) {
  return std::make_unique<memory_transport>(core_, core_->add_process(std::move(who)));
}

} // namespace troupe::cluster::testing
