#include "tools/troupe/interrupt.hpp"

#include "tools/troupe/exit_code.hpp"

#include <atomic>
#include <unistd.h>

namespace troupe::cli {

namespace {

volatile std::sig_atomic_t signals_seen = 0;
std::atomic<void (*)() noexcept> last_deed{nullptr};
static_assert(std::atomic<void (*)() noexcept>::is_always_lock_free); // a signal handler reads it

extern "C" void on_signal(int) {
  if (signals_seen) {
    if (const auto last = last_deed.load()) last();
    _exit(static_cast<int>(exit_code::interrupted));
  }
  signals_seen = 1;
}

} // namespace

interrupt::interrupt() {
  struct sigaction action {};
  action.sa_handler = on_signal;
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
}

bool interrupt::requested() {
  return signals_seen != 0;
}

void interrupt::at_forced_end(void (*last)() noexcept) {
  last_deed.store(last);
}

} // namespace troupe::cli
