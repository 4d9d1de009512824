#pragma once

#include "cluster/testing/internal/network_core.hpp"

#include <memory>
#include <string>

namespace troupe::cluster::testing {

/// One process' view of the network.
class memory_transport final : public transport {
public:
  memory_transport(std::shared_ptr<network_core> core, std::shared_ptr<process> self)
      : core_(std::move(core)), self_(std::move(self)) {}
  ~memory_transport() override { memory_transport::stop(); }
  memory_transport(const memory_transport&) = delete;
  memory_transport& operator=(const memory_transport&) = delete;

  [[nodiscard]] result<std::string> listen(const std::string& address, acceptor accept) override {
    return core_->listen(self_, address, std::move(accept));
  }
  void connect(const std::string& address, std::shared_ptr<link_listener> listener) override {
    core_->connect(self_, address, std::move(listener));
  }
  void stop() override { core_->stop(*self_); }

private:
  std::shared_ptr<network_core> core_;
  std::shared_ptr<process> self_;
};

} // namespace troupe::cluster::testing
