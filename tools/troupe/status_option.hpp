#pragma once

#include "troupe/v1/run.pb.h"

#include <CLI/CLI.hpp>
#include <map>
#include <string>
#include <vector>

namespace troupe::cli {

/// `--status`, which may be given several times.
/// @param names of the statuses that make sense for the command.
inline void add_status_option(CLI::App& command, std::vector<v1::RunStatus>& into,
                              const std::vector<std::string>& names) {
  static const std::map<std::string, v1::RunStatus> known{
      {"running", v1::RUN_STATUS_RUNNING},
      {"compensating", v1::RUN_STATUS_COMPENSATING},
      {"completed", v1::RUN_STATUS_COMPLETED},
      {"failed", v1::RUN_STATUS_FAILED},
      {"cancelled", v1::RUN_STATUS_CANCELLED}};
  std::map<std::string, v1::RunStatus> taken;
  std::string shown;
  for (const std::string& name : names) {
    taken.emplace(name, known.at(name));
    shown += (shown.empty() ? "" : "|") + name;
  }
  command.add_option("--status", into, "Only runs of this status; repeatable")
      ->transform(CLI::CheckedTransformer(taken).description(""))
      ->type_name(shown)
      ->allow_extra_args(false);
}

} // namespace troupe::cli
