#pragma once

#include "cluster/launch/launcher.hpp"
#include "tools/troupe/exit_code.hpp"

#include <string>

namespace CLI {
class App;
}

namespace troupe::cli {

/// The cluster file, and where its state is: the same for every command on a cluster.
class cluster_option {
public:
  void add_to(CLI::App& command, bool required = true);

  [[nodiscard]] bool given() const { return !file_.empty(); }
  [[nodiscard]] const std::string& file() const { return file_; }
  [[nodiscard]] result<cluster::cluster_spec> read() const;

private:
  std::string file_, data_;
};

/// What a command on a cluster watches with: progress goes to standard error, and Ctrl-C stops.
[[nodiscard]] cluster::launch_watcher console_watcher();

/// Reports what a command on a cluster met; a file that is wrong is a usage error.
[[nodiscard]] exit_code report_cluster(const error& what);

} // namespace troupe::cli
