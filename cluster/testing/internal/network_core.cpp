#include "cluster/testing/internal/network_core.hpp"

#include "cluster/fabric/errc.hpp"

#include <exception>
#include <pthread.h>
#include <spdlog/spdlog.h>
#include <utility>

namespace troupe::cluster::testing {

network_core::network_core(std::shared_ptr<timer> clock, network_options options)
    : options_(std::move(options)), clock_(std::move(clock)) {
  if (!clock_) thread_ = std::thread{[this] { serve(); }};
}

network_core::~network_core() {
  end();
}

void network_core::end() {
  std::vector<std::shared_ptr<process>> all;
  {
    lock_type lock{mutex_};
    if (ended_) return;
    for (const auto& [name, at] : hosts_)
      all.insert(all.end(), at->processes.begin(), at->processes.end());
  }
  for (const auto& each : all)
    stop(*each);
  std::vector<event> dropped; // these end after the lock
  leftovers more;
  {
    lock_type lock{mutex_};
    ended_ = true;
    dropped = events_.clear();
    for (const auto& [name, at] : hosts_)
      kill(*at, more);
    changed_.notify_all();
  }
  armed_.cancel();
  if (thread_.joinable()) thread_.join();
}

time_point network_core::now() const {
  return clock_ ? clock_->now() : timer::clock::now();
}

void network_core::push(time_point when, event_kind kind, host* where,
                        std::shared_ptr<event_target> to, std::uint32_t epoch) {
  if (ended_) return;
  events_.push({when, 0, kind, epoch, where, std::move(to)});
  if (!running_) arm();
}

/// Sees to it that the first event is run when it is due.
void network_core::arm() {
  if (ended_ || events_.empty() || events_.next() >= armed_for_) return;
  armed_for_ = events_.next();
  if (!clock_) return changed_.notify_all();
  armed_.cancel();
  armed_ = clock_->schedule_at(armed_for_, [self = weak_from_this()] {
    const auto core = self.lock();
    if (!core) return;
    lock_type lock{core->mutex_};
    core->armed_for_ = time_point::max();
    core->run_due(lock);
    core->arm();
  });
}

void network_core::run_due(lock_type& lock) {
  if (running_) return; // a listener moved time on: whoever calls it goes on
  running_ = &lock;
  runner_ = std::this_thread::get_id();
  while (!ended_ && !events_.empty() && events_.next() <= now())
    run_one(lock, events_.pop());
  running_ = nullptr;
  runner_ = {};
}

void network_core::run_one(lock_type& lock, event next) {
  if (next.where && next.where->pauses > 0) {
    next.where->late.push_back(std::move(next));
    return;
  }
  ++counters_.events;
  next.to->happen(next.kind, next.epoch);
  if (next.to.use_count() > 1) return;
  lock.unlock(); // what it owns may call us
  next.to.reset();
  lock.lock();
}

void network_core::serve() {
  pthread_setname_np(pthread_self(), "troupe-memnet");
  lock_type lock{mutex_};
  while (!ended_) {
    armed_for_ = time_point::min(); // awake: nobody need call
    run_due(lock);
    if (ended_) return;
    armed_for_ = events_.empty() ? time_point::max() : events_.next();
    if (events_.empty())
      changed_.wait(lock);
    else
      changed_.wait_until(lock, armed_for_);
  }
}

} // namespace troupe::cluster::testing
