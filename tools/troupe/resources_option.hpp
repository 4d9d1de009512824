#pragma once

#include "actors/scheduling/resources/resource_text.hpp"

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace troupe::cli {

/// The option `--resources`, the same for every command that has it.
class resources_option {
public:
  void add_to(CLI::App& command) {
    command
        .add_option("--resources", given_,
                    "What steps may hold together, instead of what was found, e.g.\n"
                    "cpu=4,memory=8GiB,gpu=1,license=2; names of your own serve as well")
        ->type_name("NAME=AMOUNT,...")
        ->check([](const std::string& text) {
          const auto parsed = scheduling::parse_resources(text);
          return parsed ? std::string{} : parsed.error();
        });
  }
  [[nodiscard]] std::vector<scheduling::resource_amount> value() const {
    return given_.empty() ? std::vector<scheduling::resource_amount>{}
                          : scheduling::parse_resources(given_).value_or(
                                std::vector<scheduling::resource_amount>{});
  }

private:
  std::string given_;
};

} // namespace troupe::cli
