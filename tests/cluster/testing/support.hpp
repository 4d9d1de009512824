#pragma once

#include "cluster/testing/memory_network.hpp"
#include "tests/cluster/fabric/transport_contract.hpp"
#include "tests/cluster/fabric/waits.hpp"

#include <chrono>
#include <memory>

namespace troupe::test {

/// Moves virtual time on, a little at a time.
inline bool wait_virtually(virtual_timer& clock, const std::function<bool()>& done) {
  for (int i = 0; i < 60'000; ++i) {
    if (done()) return true;
    clock.advance(std::chrono::milliseconds{1});
  }
  return false;
}

} // namespace troupe::test
