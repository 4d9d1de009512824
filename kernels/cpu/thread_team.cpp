#include "kernels/cpu/thread_team.hpp"

#include <hwy/cache_control.h>

namespace troupe::cpu {
namespace {

thread_local std::size_t own_number = 0;

/// How often to look before sleeping: some tens of microseconds, longer than from one product to the next.
constexpr int looks = 1000;

/// Waits until `value` is no longer `old`.
void wait_for_change(const std::atomic<std::uint32_t>& value, std::uint32_t old) {
  for (int i = 0; i < looks; ++i) {
    if (value.load(std::memory_order_acquire) != old) return;
    hwy::Pause();
  }
  value.wait(old);
}

} // namespace

thread_team::thread_team(std::size_t threads) {
  helpers_.reserve(threads - 1);
  try {
    for (std::size_t number = 1; number < threads; ++number)
      helpers_.emplace_back([this, number] { help(number); });
  } catch (...) {
    end();
    throw;
  }
  used_ = threads;
}

thread_team::~thread_team() {
  end();
}

void thread_team::end() {
  ended_ = true;
  ++latest_;
  latest_.notify_all();
  for (auto& helper : helpers_)
    helper.join();
  helpers_.clear();
}

std::size_t thread_team::number() {
  return own_number;
}

void thread_team::run(std::size_t count, const void* work, function call) {
  count_ = count;
  work_ = work;
  call_ = call;
  next_ = 0;
  // 0 means that nothing is open, also after the numbers have gone round.
  std::uint32_t number = latest_ + 1;
  if (number == 0) number = 1;
  open_ = number;
  latest_ = number;
  latest_.notify_all();
  take();
  // Whoever comes now is too late; whoever came before is waited for.
  open_ = 0;
  for (auto active = active_.load(); active != 0; active = active_.load())
    wait_for_change(active_, active);
}

void thread_team::take() {
  for (std::size_t i = next_.fetch_add(1); i < count_; i = next_.fetch_add(1))
    call_(work_, i);
}

void thread_team::help(std::size_t number) {
  own_number = number;
  for (std::uint32_t seen = 0;;) {
    wait_for_change(latest_, seen);
    seen = latest_;
    if (ended_) return;
    ++active_;
    if (open_ == seen && number < used_) take();
    --active_;
    active_.notify_all();
  }
}

} // namespace troupe::cpu
