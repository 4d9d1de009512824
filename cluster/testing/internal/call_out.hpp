#pragma once

#include "cluster/testing/internal/network_core.hpp"

#include <exception>
#include <spdlog/spdlog.h>

namespace troupe::cluster::testing {

/// Calls what is not ours without the lock, on the thread that runs what is due.
template <class Call>
void network_core::call_out(const host* where, const process* whose, Call call) {
  auto& lock = *running_;
  const auto* const outer = std::exchange(calling_, whose);
  const auto* const outer_at = std::exchange(calling_at_, where);
  lock.unlock();
  try {
    call();
  } catch (const std::exception& e) {
    spdlog::error("a listener of the memory network threw: {}", e.what());
  } catch (...) {
    spdlog::error("a listener of the memory network threw something that is no std::exception");
  }
  lock.lock();
  running_ = &lock;
  calling_ = outer;
  calling_at_ = outer_at;
  changed_.notify_all();
}

} // namespace troupe::cluster::testing
