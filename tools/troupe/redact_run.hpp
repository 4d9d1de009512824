#pragma once

#include "actors/pii/stream.hpp"
#include "tools/troupe/exit_code.hpp"
#include "tools/troupe/redact_input.hpp"

#include <chrono>
#include <map>

namespace troupe::cli {

/// Standard output and standard error of `troupe redact`: writes what is done at once, warns of malformed UTF-8, and shows
/// how far it is where standard error is a terminal and standard output is not.
class redact_run final : public pii::stream_ends {
public:
  /// @param by_line whether warnings name lines.
  redact_run(redact_input input, bool by_line);

  /// Reads, redacts and writes all. @returns the exit code; what went wrong is on standard error.
  [[nodiscard]] exit_code run(const pii::models& with, const pii::stream_options& options);

private:
  result<std::optional<pii::text_block>> next() override { return input_.next(); }
  [[nodiscard]] bool ready() const override { return input_.ready(); }
  [[nodiscard]] bool put(pii::done_block block) override;
  [[nodiscard]] bool stopped() const override;
  void warn(const pii::done_block& block);
  void warn_of_file();
  void show_progress();
  void end_progress();

  redact_input input_;
  bool by_line_;
  bool shows_progress_;
  bool shown_ = false;
  std::size_t bytes_ = 0;
  std::size_t warned_input_ = 0, replaced_ = 0;
  std::chrono::steady_clock::time_point started_, last_shown_;
};

} // namespace troupe::cli
