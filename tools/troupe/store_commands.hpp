#pragma once

#include "kernels/result.hpp"
#include "tools/troupe/commands.hpp"
#include "tools/troupe/progress.hpp"
#include "tools/troupe/store_option.hpp"

#include <string>

/// The commands of `troupe store`, one source file each.
namespace troupe::cli {

/// What all of them have.
struct store_command_options {
  store_option store;
  progress_mode shown = progress_mode::automatic;
  bool json = false;

  void add_to(CLI::App& command);
};

void add_store_check(CLI::App& store, action& chosen);
void add_store_repair(CLI::App& store, action& chosen);
void add_store_backup(CLI::App& store, action& chosen);
void add_store_restore(CLI::App& store, action& chosen);
void add_store_prune(CLI::App& store, action& chosen);

/// What such a command returns that failed.
[[nodiscard]] exit_code report_store_failure(const error& why);

} // namespace troupe::cli
