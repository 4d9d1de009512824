#include "tools/troupe/cluster_option.hpp"

#include "tools/troupe/console.hpp"
#include "tools/troupe/interrupt.hpp"

#include <CLI/CLI.hpp>
#include <iostream>

namespace troupe::cli {

void cluster_option::add_to(CLI::App& command, bool required) {
  command.add_option("CLUSTER", file_, "Cluster file, such as examples/cluster/local.yaml")
      ->required(required)
      ->check(CLI::ExistingFile);
  command
      .add_option("--data", data_,
                  "Folder for the state of the cluster, instead of what the file says")
      ->type_name("DIR");
}

result<cluster::cluster_spec> cluster_option::read() const {
  return cluster::read_cluster_spec(file_, data_);
}

cluster::launch_watcher console_watcher() {
  return {[](const std::string& line) { std::cerr << line << std::endl; },
          [] { return interrupt::requested(); }};
}

exit_code report_cluster(const error& what) {
  if (what.code == cluster::launch_errc::interrupted) return report_interrupted(what.context);
  return report(what,
                what.code == cluster::launch_errc::bad_file ? exit_code::usage : exit_code::failed);
}

} // namespace troupe::cli
