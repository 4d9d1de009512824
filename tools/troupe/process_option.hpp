#pragma once

#include "actors/agents/process/process_policy.hpp"

#include <CLI/CLI.hpp>

namespace troupe::cli {

/// What `process.run` may do on this node: nothing without `--allow-process`.
class process_option {
public:
  void add_to(CLI::App& command) {
    add_list(command, "--allow-process", policy_.programs, "/PATH",
             "A program that steps with the agent process.run may run; repeatable");
    add_list(command, "--allow-process-env", policy_.environment, "NAME",
             "A variable that they may set for it, beside LANG, LC_ALL and TZ; repeatable");
    add_list(command, "--allow-process-secret", policy_.secrets, "env:NAME|file:/PATH",
             "A value that they may hand to it by reference: a variable of this process, or a\n"
             "file of this user with mode 0600; repeatable");
    command
        .add_option(
            "--process-cgroup", policy_.cgroup,
            "A folder of control groups (version 2) delegated to this user, to hold memory and\n"
            "processes of the programs; without it they are watched")
        ->type_name("FOLDER");
  }
  [[nodiscard]] const agents::process_policy& value() const { return policy_; }

private:
  static void add_list(CLI::App& command, const char* name, std::vector<std::string>& into,
                       const char* type, const char* help) {
    command.add_option(name, into, help)->type_name(type)->allow_extra_args(false);
  }

  agents::process_policy policy_;
};

} // namespace troupe::cli
