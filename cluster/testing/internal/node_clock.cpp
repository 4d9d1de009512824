#include "cluster/testing/internal/node_clock.hpp"

#include "cluster/testing/internal/call_out.hpp"
#include "cluster/testing/internal/network_core.hpp"

#include <utility>

namespace troupe::cluster::testing {
namespace {

using std::chrono::nanoseconds;

constexpr std::int64_t million = 1'000'000;

/// time * ppm / base, without a product that is too large.
nanoseconds part_of(nanoseconds time, std::int64_t ppm, std::int64_t base) {
  return nanoseconds{time.count() / base * ppm + time.count() % base * ppm / base};
}

} // namespace

class node_clock::task_ticket final : public timer_handle::ticket {
public:
  task_ticket(std::weak_ptr<node_clock> of, place which) : of_(std::move(of)), which_(which) {}
  bool cancel() override {
    const auto clock = of_.lock();
    return clock && clock->cancel(which_);
  }

private:
  const std::weak_ptr<node_clock> of_;
  const place which_;
};

time_point node_clock::shown_at(time_point truly) const {
  const auto passed = truly - since_;
  return shown_ + passed + part_of(passed, drift_ppm_, million);
}

time_point node_clock::true_time_of(time_point shown) const {
  const auto wanted = shown - shown_;
  auto truly = since_ + wanted - part_of(wanted, drift_ppm_, million + drift_ppm_);
  while (shown_at(truly) < shown) // rounded
    truly += nanoseconds{1};
  return truly;
}

void node_clock::set_drift(time_point truly, std::int32_t ppm) {
  shown_ = shown_at(truly);
  since_ = truly;
  drift_ppm_ = ppm;
}

time_point node_clock::now() const {
  const auto core = core_.lock();
  if (!core) return shown_;
  const std::lock_guard lock{core->mutex_};
  return shown_at(core->now());
}

std::chrono::system_clock::time_point node_clock::wall_now() const {
  const auto core = core_.lock();
  if (!core) return {};
  const std::lock_guard lock{core->mutex_};
  const auto truly = core->now();
  const auto wall = core->clock_ ? core->clock_->wall_now() : std::chrono::system_clock::now();
  return wall + at_->skew + (shown_at(truly) - truly - ahead_);
}

timer_handle node_clock::schedule_at(time_point when, task work) {
  const auto core = core_.lock();
  if (!core) return {};
  const std::lock_guard lock{core->mutex_};
  if (stopped_) return {};
  const place at{when, ++scheduled_};
  const bool first = tasks_.empty() || at < tasks_.begin()->first;
  tasks_.emplace(at, std::move(work));
  if (first && !at_work_) expect_first(*core);
  return timer_handle{std::make_shared<task_ticket>(weak_from_this(), at)};
}

void node_clock::expect_first(network_core& core) {
  if (tasks_.empty()) return;
  core.push(std::max(core.now(), true_time_of(tasks_.begin()->first.first)), event_kind::task, at_,
            shared_from_this(), ++epoch_);
}

bool node_clock::cancel(const place& which) {
  tasks::node_type dropped; // ends after the lock: what the task owns may use the clock
  const auto core = core_.lock();
  if (!core) return false;
  const std::lock_guard lock{core->mutex_};
  dropped = tasks_.extract(which);
  return !dropped.empty();
}

void node_clock::happen(event_kind, std::uint32_t epoch) {
  const auto core = core_.lock();
  if (!core || epoch != epoch_) return;
  at_work_ = true;
  while (!tasks_.empty() && at_->pauses == 0 &&
         tasks_.begin()->first.first <= shown_at(core->now())) {
    auto first = tasks_.extract(tasks_.begin());
    core->call_out(at_, nullptr, [&] { std::exchange(first.mapped(), nullptr)(); });
  }
  at_work_ = false;
  expect_first(*core);
}

node_clock::tasks node_clock::end() {
  stopped_ = true;
  ++epoch_;
  return std::exchange(tasks_, {});
}

void node_clock::stop() {
  tasks dropped;
  const auto core = core_.lock();
  if (!core) return;
  std::unique_lock lock{core->mutex_};
  dropped = end();
  core->changed_.wait(lock, [&] { return !at_work_ || core->runs_here(); });
}

} // namespace troupe::cluster::testing
