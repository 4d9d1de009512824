#include "cluster/launch/internal/process_provider.hpp"

#include "cluster/launch/internal/folder_provider.hpp"
#include "cluster/launch/internal/spawn.hpp"
#include "cluster/pki/files.hpp"

#include <csignal>

namespace troupe::cluster {
namespace {

namespace fs = std::filesystem;

class process_provider final : public folder_provider {
public:
  process_provider(fs::path binary, fs::path data)
      : folder_provider{std::move(data), launch_defaults::near_look}, binary_{std::move(binary)} {}

  result<void> start(const node_plan& plan) override {
    const auto folder = of(plan.entry);
    if (const auto mark = read_mark(folder.mark()); mark && is_alive(*mark)) return {};
    if (auto ready = folder.prepare(); !ready) return ready;
    if (auto brought = folder.bring(plan); !brought) return brought;
    if (auto put = write_file(folder.config(), to_yaml(plan.config), private_mode); !put)
      return put;
    const auto started =
        spawn_detached({{binary_.string(), "node", "--config", folder.config().string()},
                        folder.path(),
                        folder.log(),
                        folder.mark()});
    if (!started) return tl::unexpected(started.error());
    return {};
  }

  result<std::vector<node_look>> look(std::span<const node_entry> nodes) override {
    std::vector<node_look> all;
    for (const auto& each : nodes)
      all.push_back(look_at(each));
    return all;
  }

  result<void> stop(const node_entry& node, stop_how how) override {
    const auto mark = read_mark(of(node).mark());
    if (mark && how == stop_how::drain) send_signal(*mark, SIGTERM);
    if (mark && how == stop_how::kill) kill_group(*mark);
    return {};
  }

private:
  [[nodiscard]] node_look look_at(const node_entry& node) const {
    const auto folder = of(node);
    const auto mark = read_mark(folder.mark());
    if (!mark) return {};
    if (!is_alive(*mark)) return {node_phase::ended, std::nullopt, {}};
    auto status = folder.status();
    // What a process says that is another one by now counts for nothing.
    if (!status || status->pid != mark->pid) return {node_phase::starting, std::nullopt, {}};
    return {node_phase::ready, std::move(status), {}};
  }

  fs::path binary_;
};

} // namespace

result<std::unique_ptr<node_provider>> make_process_provider(const process_provider_spec& spec,
                                                             const fs::path& data) {
  auto binary = spec.binary.empty() ? own_program() : result<fs::path>{spec.binary};
  if (!binary) return tl::unexpected(std::move(binary.error()));
  return std::make_unique<process_provider>(std::move(*binary), data);
}

} // namespace troupe::cluster
