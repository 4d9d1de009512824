#pragma once

#include "tools/troupe/exit_code.hpp"
#include "tools/troupe/resources_option.hpp"
#include "tools/troupe/store_option.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace CLI {
class App;
}

namespace troupe::cli {

/// A recorded run, once more.
struct simulate_run_options {
  std::string run;
  store_option store;
  resources_option resources;
  std::optional<std::size_t> slots;

  void add_to(CLI::App& command);
};

/// Runs what the run has done under another policy, on another node or on a cluster of slots, and prints how long that takes
/// beside how long it took.
/// @param cluster a file; empty: one node, by the rules of the engine.
[[nodiscard]] exit_code simulate_run(const simulate_run_options& options,
                                     const std::string& cluster, const std::string& policy,
                                     bool json);

} // namespace troupe::cli
