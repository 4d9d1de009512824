#pragma once

#include "actors/workflow/engine_core.hpp"
#include "actors/workflow/timeouts.hpp"

#include <atomic>

namespace troupe::workflow {

/// Takes the signs of life of one attempt, from any thread: a look at the clock and a store.
class engine_core::pulse final : public heartbeat_sink {
public:
  explicit pulse(std::function<time_point()> now) : now_(std::move(now)) { pulse::beat(); }
  void beat() noexcept override {
    last_.store(now_().time_since_epoch().count(), std::memory_order_relaxed);
  }
  [[nodiscard]] time_point last() const {
    return time_point{time_point::duration{last_.load(std::memory_order_relaxed)}};
  }

private:
  std::function<time_point()> now_;
  std::atomic<time_point::rep> last_{0};
};

/// An attempt that an agent has. The responder shares it; all but `answered`, `beats` and `wanted` are of the core's thread.
struct engine_core::flight final : answer_watch {
  [[nodiscard]] bool wanted() const noexcept override {
    return !over.load(std::memory_order_relaxed) && !run_over->load(std::memory_order_relaxed);
  }

  std::string run_id;
  attempt_id attempt;
  /// Of the run when it began: one that was lost and taken over again gives its tokens out anew.
  std::uint64_t epoch = 0;
  std::atomic_flag answered;
  /// One of `max_attempts_in_flight` is its own.
  bool has_place = true;
  /// What it holds of the resources; 0: nothing.
  scheduling::ledger::grant_id grant = 0;
  /// Nobody waits for it any more, or for its run.
  std::atomic<bool> over{false};
  std::shared_ptr<const std::atomic<bool>> run_over;
  time_point due{};
  timeout_kind bound_by = timeout_kind::default_timeout;
  duration beat_every{};
  std::shared_ptr<pulse> beats;
  std::optional<timers::iterator> deadline;
  std::optional<timers::iterator> heartbeat;
};

} // namespace troupe::workflow
