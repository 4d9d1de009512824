#pragma once

#include "cluster/launch/launcher.hpp"
#include "cluster/launch/node_plans.hpp"

#include <chrono>
#include <string>
#include <vector>

namespace troupe::cluster {

/// Brings the nodes of a cluster up that are not at work, all at once, and waits until every one is ready.
class bring_up {
public:
  bring_up(const cluster_spec& spec, node_provider& provider, const launch_watcher& watching,
           std::vector<node_entry> wanted)
      : spec_{spec}, provider_{provider}, watching_{watching}, wanted_{std::move(wanted)} {}

  /// Sees what is at work. First.
  [[nodiscard]] result<void> look();
  /// Starts the others and waits. @returns what went wrong first; then `started` are to be stopped.
  [[nodiscard]] result<void> run(node_planner& planner);

  /// What this call has started, or tried to.
  [[nodiscard]] const std::vector<node_entry>& started() const { return started_; }
  [[nodiscard]] bool nothing_runs() const;

private:
  using steady = std::chrono::steady_clock;

  [[nodiscard]] result<void> start(node_planner& planner);
  [[nodiscard]] result<void> await_all();
  /// Looks once at those that are not ready. @returns whether there was news of a coordinator.
  [[nodiscard]] result<bool> look_again();
  [[nodiscard]] result<void> tell_seeds();
  [[nodiscard]] error why_not(std::size_t node, launch_errc code, const std::string& what) const;
  void say(const std::string& line) const;
  [[nodiscard]] double seconds() const;

  const cluster_spec& spec_;
  node_provider& provider_;
  const launch_watcher& watching_;
  std::vector<node_entry> wanted_;
  /// As `wanted_`.
  std::vector<node_look> seen_;
  std::vector<node_entry> started_;
  steady::time_point begin_ = steady::now();
};

} // namespace troupe::cluster
