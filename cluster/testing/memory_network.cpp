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

std::shared_ptr<timer> memory_network::clock(const std::string& node) {
  return core_->clock(node);
}

memory_network::fault_id memory_network::begin(const fault& what) {
  return core_->begin(what);
}

void memory_network::end(fault_id which) {
  core_->end_fault(which);
}

void memory_network::play(const fault_plan& plan, std::function<void(const fault&, bool)> told) {
  core_->play(plan, std::move(told));
}

network_counters memory_network::counters() const {
  return core_->counters();
}

void memory_network::observe(std::function<void(const network_moment&)> seen) {
  core_->observe(std::move(seen));
}

} // namespace troupe::cluster::testing
