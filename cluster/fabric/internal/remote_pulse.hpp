#pragma once

#include "actors/runtime/agent.hpp"
#include "troupe/v1/fabric.pb.h"

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>

namespace troupe::cluster {

/// Stands for who asks on another node, beside work that is done for it here: takes signs of life there, and tells what has
/// become of the request. Any thread.
class remote_pulse final : public heartbeat_sink {
public:
  /// Sends a sign of life, with details or nullptr.
  using sender = std::function<void(const message_ptr& details)>;

  remote_pulse(std::uint32_t attempt, message_ptr last_details, sender send);

  void beat() noexcept override;
  reply<void> beat(message_ptr details) override;
  [[nodiscard]] message_ptr last_details() const override { return last_details_; }
  [[nodiscard]] std::uint32_t attempt() const noexcept override { return attempt_; }
  [[nodiscard]] bool cancelled() const noexcept override { return cancelled_; }
  [[nodiscard]] bool abandoned() const noexcept override { return abandoned_; }
  [[nodiscard]] bool preempted() const noexcept override { return preempted_; }

  void take(const v1::Interrupt& said);
  /// Nobody waits any more.
  void abandon();

private:
  [[nodiscard]] bool is_due() noexcept;

  const std::uint32_t attempt_;
  const message_ptr last_details_;
  const sender send_;
  std::atomic<bool> cancelled_ = false, abandoned_ = false, preempted_ = false;
  std::atomic<std::int64_t> last_sent_ns_;
};

} // namespace troupe::cluster
