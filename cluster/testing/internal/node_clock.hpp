#pragma once

#include "actors/runtime/timer.hpp"
#include "cluster/testing/internal/event_queue.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <utility>

namespace troupe::cluster::testing {

/// The time as one node sees it, and what it wants done at times. Guarded by the core's mutex.
class node_clock final : public timer,
                         public event_target,
                         public std::enable_shared_from_this<node_clock> {
public:
  /// @param begins what this clock shows at the true time `since`.
  node_clock(std::weak_ptr<network_core> core, host* home, time_point since, time_point begins)
      : core_(std::move(core)), at_(home), since_(since), shown_(begins), ahead_(begins - since) {}

  [[nodiscard]] time_point now() const override;
  [[nodiscard]] std::chrono::system_clock::time_point wall_now() const override;
  timer_handle schedule_at(time_point when, task work) override;
  void stop() override;
  void happen(event_kind kind, std::uint32_t epoch) override;

private:
  friend network_core;
  using place = std::pair<time_point, std::uint64_t>;
  using tasks = std::map<place, task>;
  class task_ticket;

  [[nodiscard]] time_point shown_at(time_point truly) const;
  [[nodiscard]] time_point true_time_of(time_point shown) const;
  /// From `truly` on this runs faster by that.
  void set_drift(time_point truly, std::int32_t ppm);
  /// Has the core call when the first task is due.
  void expect_first(network_core& core);
  [[nodiscard]] bool cancel(const place& which);
  /// Nothing more is accepted or run. @returns what was not.
  [[nodiscard]] tasks end();

  const std::weak_ptr<network_core> core_;
  host* const at_;
  time_point since_;
  time_point shown_;
  std::int32_t drift_ppm_ = 0;
  const std::chrono::nanoseconds ahead_;
  tasks tasks_;
  std::uint64_t scheduled_ = 0;
  std::uint32_t epoch_ = 0;
  bool stopped_ = false;
  bool at_work_ = false;
};

} // namespace troupe::cluster::testing
