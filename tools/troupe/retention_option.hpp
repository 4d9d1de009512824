#pragma once

#include "actors/workflow/retention.hpp"
#include "tools/troupe/store_option.hpp"

#include <chrono>
#include <memory>
#include <string>

namespace troupe::cli {

/// `--retention` and what belongs to it: how long runs that have ended stay in the store of a command that does the work of runs.
class retention_option {
public:
  void add_to(CLI::App& command);

  /// Looks after the store for as long as it lives; nullptr where it was not asked for. Says on standard error what failed.
  /// @param store outlives it.
  [[nodiscard]] std::unique_ptr<workflow::retention> start(const store_option& store) const;

private:
  std::chrono::nanoseconds age_{};
  std::uint64_t keep_ = 0;
  std::string archive_;
};

} // namespace troupe::cli
