#pragma once

#include "actors/workflow/engine_core.hpp"
#include "actors/workflow/reply_check.hpp"
#include "actors/workflow/timeouts.hpp"

#include <atomic>
#include <fmt/format.h>
#include <mutex>

namespace troupe::workflow {

/// What one attempt says of itself, and is told, from any thread. A sign of life is a look at the clock and a store.
class engine_records::pulse final : public heartbeat_sink {
public:
  /// Of a message about how far an attempt has come, in bytes on the wire.
  static constexpr std::size_t most_details = std::size_t{64} << 10;

  /// @param begun its first sign of life.
  /// @param last what an earlier attempt said.
  pulse(std::function<time_point()> now, time_point begun, message_ptr last, std::uint32_t attempt)
      : now_(std::move(now)), before_(std::move(last)), attempt_(attempt),
        last_(begun.time_since_epoch().count()) {}
  void beat() noexcept override {
    last_.store(now_().time_since_epoch().count(), std::memory_order_relaxed);
  }
  reply<void> beat(message_ptr details) override {
    beat();
    if (auto wrong = unfit(details))
      return tl::unexpected(failure{"workflow.bad_details", std::move(*wrong), false});
    const std::lock_guard held{mutex_};
    details_ = std::move(details);
    return {};
  }
  [[nodiscard]] message_ptr last_details() const override { return before_; }
  [[nodiscard]] std::uint32_t attempt() const noexcept override { return attempt_; }
  [[nodiscard]] bool cancelled() const noexcept override {
    return cancelled_.load(std::memory_order_relaxed);
  }
  [[nodiscard]] bool abandoned() const noexcept override {
    return abandoned_.load(std::memory_order_relaxed);
  }
  [[nodiscard]] bool preempted() const noexcept override {
    return preempted_.load(std::memory_order_relaxed);
  }
  /// @param needed_by idempotency key of the attempt that needs the place.
  void preempt(std::string needed_by) {
    needed_by_ = std::move(needed_by);
    preempted_.store(true, std::memory_order_relaxed);
  }
  /// Of the core's thread.
  [[nodiscard]] const std::string& needed_by() const { return needed_by_; }
  /// Where it runs; of the core's thread, as is `needed_by`.
  scheduling::node_number node = 0;
  /// The answer counts until it is cancelled.
  void ask_to_end() noexcept { cancelled_.store(true, std::memory_order_relaxed); }
  void cancel() noexcept {
    ask_to_end();
    abandoned_.store(true, std::memory_order_relaxed);
  }
  /// What this attempt said last.
  [[nodiscard]] message_ptr details() const {
    const std::lock_guard held{mutex_};
    return details_;
  }
  [[nodiscard]] time_point last() const {
    return time_point{time_point::duration{last_.load(std::memory_order_relaxed)}};
  }

private:
  static std::optional<std::string> unfit(const message_ptr& details) {
    if (!details) return "there are no details; give a message";
    if (const std::size_t size = details->ByteSizeLong(); size > most_details)
      return fmt::format("the details have {} bytes, {} are kept; say less", size, most_details);
    return unkeepable(*details);
  }

  std::function<time_point()> now_;
  message_ptr before_;
  std::uint32_t attempt_;
  std::atomic<bool> cancelled_{false}, abandoned_{false}, preempted_{false};
  std::string needed_by_;
  mutable std::mutex mutex_;
  message_ptr details_;
  std::atomic<time_point::rep> last_;
};

/// An attempt that an agent has. The responder shares it; all but `answered` and `beats` are of the core's thread.
struct engine_records::flight {
  std::string run_id;
  attempt_id attempt;
  /// Of the run when it began: one that was lost and taken over again gives its tokens out anew.
  std::uint64_t epoch = 0;
  std::atomic_flag answered;
  /// One of `max_attempts_in_flight` is its own.
  bool has_place = true;
  /// One of `max_uncommitted`, until its end is durable.
  bool uncommitted = false;
  /// Where it runs, its number among those elsewhere, and how long it is expected to, in seconds.
  scheduling::node_number node = 0;
  std::uint64_t remote = 0;
  double expected = 0;
  /// What it holds of the resources there; 0: nothing.
  scheduling::ledger::grant_id grant = 0;
  /// The same of its keys.
  scheduling::key_limits::hold_id keys = 0;
  /// Number of its tenant, what that was charged for it, and the part of the node that it holds.
  std::uint64_t tenant = 0;
  double charged = 0, share = 0;
  time_point due{};
  timeout_kind bound_by = timeout_kind::default_timeout;
  duration beat_every{};
  std::shared_ptr<pulse> beats;
  /// The engine's clock; any thread.
  std::function<time_point()> now;
  /// `ran` follows with the answer.
  attempt_timing timing;
  std::optional<timers::iterator> deadline;
  std::optional<timers::iterator> heartbeat;
  /// Whether it was begun beside another attempt of its instance.
  bool second = false;
  /// How long it may run before it counts as late, and the timer of that.
  duration allowed{};
  std::optional<timers::iterator> straggles;
  /// Where it is of a step that is preemptible: what counts among those that wait, and when it was asked to give its place
  /// up; the epoch: it was not.
  std::int32_t priority = 0;
  time_point asked{};
};

} // namespace troupe::workflow
