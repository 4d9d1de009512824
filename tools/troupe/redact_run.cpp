#include "tools/troupe/redact_run.hpp"

#include "tools/troupe/console.hpp"
#include "tools/troupe/interrupt.hpp"

#include <fmt/format.h>
#include <iostream>
#include <unistd.h>
#include <utility>

namespace troupe::cli {

namespace {

void warn_of_replaced(const std::string& place, std::size_t sequences) {
  print_warning(fmt::format("{}: {} malformed UTF-8 sequences replaced by U+FFFD; byte offsets are "
                            "those of the bytes as read, all others those of the text as printed",
                            place, sequences));
}

} // namespace

redact_run::redact_run(redact_input input, bool by_line)
    : input_{std::move(input)}, by_line_{by_line}, shows_progress_{isatty(STDERR_FILENO) == 1 &&
                                                                   isatty(STDOUT_FILENO) == 0},
      started_{std::chrono::steady_clock::now()}, last_shown_{started_} {}

exit_code redact_run::run(const pii::models& with, const pii::stream_options& options) {
  const auto done = pii::redact_stream(with, options, *this);
  end_progress();
  warn_of_file();
  if (!done) return report(done.error());
  switch (done->outcome) {
  case pii::stream_outcome::stopped:
    return report_interrupted();
  case pii::stream_outcome::output_closed:
    return report_closed_output();
  default:
    return exit_code::ok;
  }
}

bool redact_run::stopped() const {
  return interrupt::requested();
}

bool redact_run::put(pii::done_block block) {
  warn(block);
  std::cout.write(block.output.data(), static_cast<std::streamsize>(block.output.size()));
  if (!input_.ready()) std::cout.flush(); // somebody may wait for the answer
  bytes_ += block.bytes;
  if (shows_progress_) show_progress();
  return std::cout.good();
}

void redact_run::warn(const pii::done_block& block) {
  if (block.replaced.empty()) return;
  end_progress();
  if (block.input != warned_input_) warn_of_file();
  warned_input_ = block.input;
  for (const auto& [line, sequences] : block.replaced)
    if (by_line_)
      warn_of_replaced(fmt::format("{}:{}", input_.name(block.input), line), sequences);
    else
      replaced_ += sequences;
}

void redact_run::warn_of_file() {
  if (replaced_) warn_of_replaced(input_.name(warned_input_), std::exchange(replaced_, 0));
}

void redact_run::show_progress() {
  constexpr std::chrono::milliseconds rhythm{500};
  const auto now = std::chrono::steady_clock::now();
  if (now - last_shown_ < rhythm) return;
  last_shown_ = now;
  shown_ = true;
  const auto megabytes = static_cast<double>(bytes_) / 1e6;
  const auto seconds = std::chrono::duration<double>(now - started_).count();
  std::cerr << fmt::format("\r{:.1f} MB, {:.2f} MB/s \x1b[K", megabytes, megabytes / seconds)
            << std::flush;
}

void redact_run::end_progress() {
  if (std::exchange(shown_, false)) std::cerr << "\r\x1b[K" << std::flush;
}

} // namespace troupe::cli
