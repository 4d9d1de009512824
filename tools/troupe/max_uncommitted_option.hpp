#pragma once

#include <CLI/CLI.hpp>
#include <cstddef>

namespace troupe::cli {

/// `--max-uncommitted`, see `workflow::engine_options`. @param value as it is where nothing is said.
inline void add_max_uncommitted_option(CLI::App& command, std::size_t& value) {
  command
      .add_option("--max-uncommitted", value,
                  "Effects that a crash may repeat: steps begun whose end is not durable yet, over "
                  "all runs (default: no bound)")
      ->check(CLI::Range(1, 1'000'000))
      ->type_name("N");
}

} // namespace troupe::cli
