#include "cluster/launch/provider.hpp"

#include "cluster/launch/internal/process_provider.hpp"
#include "cluster/launch/internal/slurm_provider.hpp"
#include "cluster/launch/internal/ssh_provider.hpp"

#include <array>

namespace troupe::cluster {

std::string_view to_string(node_phase phase) {
  static constexpr std::array<std::string_view, 4> names{"absent", "starting", "ready", "ended"};
  return names.at(static_cast<std::size_t>(phase));
}

result<std::unique_ptr<node_provider>> make_provider(const cluster_spec& spec,
                                                     const cluster_state& state) {
  if (const auto* process = std::get_if<process_provider_spec>(&spec.provider))
    return make_process_provider(*process, spec.data);
  if (const auto* ssh = std::get_if<ssh_provider_spec>(&spec.provider))
    return make_ssh_provider(*ssh, spec.name, state.generation);
  if (const auto* slurm = std::get_if<slurm_provider_spec>(&spec.provider))
    return make_slurm_provider(*slurm, spec.data, state.id);
  return fail(launch_errc::unsupported,
              "Kubernetes starts and stops the nodes itself; write its manifests with troupe up "
              "--write DIR, then use kubectl");
}

} // namespace troupe::cluster
