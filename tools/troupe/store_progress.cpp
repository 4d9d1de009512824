#include "tools/troupe/store_progress.hpp"

#include "tools/troupe/interrupt.hpp"

#include <fmt/format.h>
#include <iostream>
#include <unistd.h>

namespace troupe::cli {

namespace {

progress_mode chosen(progress_mode mode) {
  if (mode != progress_mode::automatic) return mode;
  return isatty(STDERR_FILENO) ? progress_mode::bar : progress_mode::none;
}

} // namespace

store_progress::store_progress(progress_mode mode) : mode_(chosen(mode)) {}

workflow::store_watch store_progress::watch() {
  workflow::store_watch made;
  made.stopped = [] { return interrupt::requested(); };
  if (mode_ != progress_mode::none)
    made.progress = [this](std::string_view what, std::uint64_t done, std::uint64_t of) {
      show(what, done, of);
    };
  return made;
}

void store_progress::show(std::string_view what, std::uint64_t done, std::uint64_t of) {
  const auto now = std::chrono::steady_clock::now();
  if (now < next_ && what == last_what_) return;
  next_ = now + std::chrono::milliseconds{mode_ == progress_mode::bar ? 100 : 1'000};
  last_what_ = what;
  const std::string text =
      of ? fmt::format("{}: {} of {}", what, done, of) : fmt::format("{}: {}", what, done);
  if (mode_ == progress_mode::lines) {
    std::cerr << text << '\n';
    return;
  }
  std::cerr << "\r\x1b[K" << text << std::flush;
  drawn_ = true;
}

void store_progress::end() {
  if (std::exchange(drawn_, false)) std::cerr << "\r\x1b[K" << std::flush;
}

} // namespace troupe::cli
