#include "cluster/launch/node_status.hpp"
#include "tools/troupe/commands.hpp"
#include "tools/troupe/console.hpp"

#include <CLI/CLI.hpp>
#include <memory>

namespace troupe::cli {

void add_probe(CLI::App& app, action& chosen) {
  auto data = std::make_shared<std::string>();
  auto* command =
      app.add_subcommand("probe", "Whether a node of this machine is ready, by its data folder");
  command->add_option("DATA", *data, "The node's folder: 'data' of its file")->required();
  command->footer("Exit status: 0 ready, 1 not. For health checks of containers and services.\n\n"
                  "Example:\n  troupe probe /var/lib/troupe");
  command->callback([data, &chosen] {
    chosen = [data] {
      if (cluster::is_ready(*data)) return exit_code::ok;
      print_error("no node is ready in " + *data);
      return exit_code::failed;
    };
  });
}

} // namespace troupe::cli
