#pragma once

#include "tools/troupe/exit_code.hpp"

#include <cstdint>
#include <string>

namespace troupe::cli {

/// What `troupe simulate` was told.
struct simulate_options {
  std::string trace, cluster, policy = "portfolio", out;
  std::uint64_t seed = 1;
  double effort = 1;
  bool json = false;
};

/// Plans one workflow as a whole and prints what became of it.
[[nodiscard]] exit_code simulate_plan(const simulate_options& options);

/// Prints the policies for whole plans, each with a sentence.
[[nodiscard]] exit_code list_policies(const simulate_options& options);

} // namespace troupe::cli
