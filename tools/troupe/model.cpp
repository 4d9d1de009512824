#include "tools/troupe/commands.hpp"
#include "tools/troupe/model_commands.hpp"

#include <CLI/CLI.hpp>

namespace troupe::cli {

void add_model(CLI::App& app, action& chosen) {
  auto* command = app.add_subcommand("model", "Prepare models");
  command->require_subcommand(1);
  add_model_quantize(*command, chosen);
}

} // namespace troupe::cli
