#pragma once

#include "tools/troupe/commands.hpp"

/// `troupe model`: one file per subcommand.
namespace troupe::cli {

void add_model_quantize(CLI::App& model, action& chosen);

} // namespace troupe::cli
