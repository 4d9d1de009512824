#pragma once

#include "actors/workflow/run_tag_check.hpp"

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace troupe::cli {

/// `--tag KEY=VALUE`, which may be given several times.
class tag_option {
public:
  void add_to(CLI::App& command, const std::string& help) {
    command.add_option("--tag", given_, help)->type_name("KEY=VALUE")->allow_extra_args(false);
  }
  /// @returns `bad_input` for what is no tag.
  [[nodiscard]] result<workflow::run_tags> value() const {
    workflow::run_tags made;
    for (const std::string& each : given_)
      if (auto added = workflow::add_tag(each, made); !added)
        return tl::unexpected(std::move(added.error()));
    return made;
  }

private:
  std::vector<std::string> given_;
};

} // namespace troupe::cli
