#include "cluster/fabric/internal/remote_pulse.hpp"

#include "cluster/fabric/defaults.hpp"

#include <chrono>
#include <limits>
#include <utility>

namespace troupe::cluster {
namespace {

/// As the workflow engine keeps them at most.
constexpr std::size_t most_details_bytes = 64 << 10;

std::int64_t steady_ns() {
  return std::chrono::steady_clock::now().time_since_epoch() / std::chrono::nanoseconds{1};
}

} // namespace

remote_pulse::remote_pulse(std::uint32_t attempt, message_ptr last_details, sender send)
    : attempt_(attempt), last_details_(std::move(last_details)), send_(std::move(send)),
      last_sent_ns_(std::numeric_limits<std::int64_t>::min()) {}

bool remote_pulse::is_due() noexcept {
  constexpr std::int64_t interval =
      std::chrono::nanoseconds{fabric_defaults::pulse_interval}.count();
  const std::int64_t now = steady_ns();
  std::int64_t last = last_sent_ns_.load(std::memory_order_relaxed);
  if (last != std::numeric_limits<std::int64_t>::min() && now - last < interval) return false;
  return last_sent_ns_.compare_exchange_strong(last, now, std::memory_order_relaxed);
}

void remote_pulse::beat() noexcept {
  if (!is_due()) return;
  try {
    send_(nullptr);
  } catch (...) { // no memory: the next one will do
  }
}

reply<void> remote_pulse::beat(message_ptr details) {
  if (!details || details->ByteSizeLong() > most_details_bytes)
    return tl::unexpected(failure{"workflow.bad_details",
                                  "details of a heartbeat must be a message of at most 64 KiB",
                                  false});
  send_(details);
  return {};
}

void remote_pulse::take(const v1::Interrupt& said) {
  if (said.cancelled()) cancelled_ = true;
  if (said.abandoned()) abandoned_ = true;
  preempted_ = said.preempted();
}

void remote_pulse::abandon() {
  cancelled_ = true;
  abandoned_ = true;
}

} // namespace troupe::cluster
