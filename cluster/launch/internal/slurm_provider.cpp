#include "cluster/launch/internal/slurm_provider.hpp"

#include "cluster/launch/internal/folder_provider.hpp"
#include "cluster/launch/internal/program.hpp"
#include "cluster/launch/internal/remote_scripts.hpp"
#include "cluster/launch/internal/spawn.hpp"
#include "cluster/pki/files.hpp"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>
#include <map>
#include <sstream>

namespace troupe::cluster {
namespace {

namespace fs = std::filesystem;

/// What squeue says of a job.
struct slurm_job {
  std::uint64_t number = 0;
  std::string state, reason;
};

bool waits(const slurm_job& job) {
  return job.state == "PENDING" || job.state == "CONFIGURING" || job.state == "SUSPENDED";
}

bool has_process(const slurm_job& job) {
  return job.state == "RUNNING" || job.state == "COMPLETING" || job.state == "STOPPED" ||
         job.state == "SIGNALING" || job.state == "STAGE_OUT";
}

/// Lines of NAME|NUMBER|STATE|REASON; of several jobs of a name the last that was submitted.
std::map<std::string, slurm_job> parse_jobs(const std::string& said) {
  std::map<std::string, slurm_job> all;
  std::istringstream lines{said};
  for (std::string line; std::getline(lines, line);) {
    std::istringstream fields{line};
    std::string name, number;
    slurm_job job;
    std::getline(fields, name, '|');
    std::getline(fields, number, '|');
    std::getline(fields, job.state, '|');
    std::getline(fields, job.reason, '|');
    std::from_chars(number.data(), number.data() + number.size(), job.number);
    auto& known = all[name];
    if (job.number >= known.number) known = std::move(job);
  }
  return all;
}

/// What sbatch must ask for so that the node has what it is told it has.
std::vector<std::string> demands_of(const node_config& config) {
  constexpr std::uint64_t thousand = 1'000, mebibyte = std::uint64_t{1} << 20;
  std::vector<std::string> made;
  for (const auto& [name, amount] : config.resources) {
    if (name == "cpu")
      made.push_back(fmt::format("--cpus-per-task={}", (amount + thousand - 1) / thousand));
    if (name == "memory")
      made.push_back(fmt::format("--mem={}M", (amount + mebibyte - 1) / mebibyte));
    if (name == "gpu") made.push_back(fmt::format("--gpus={}", amount));
  }
  return made;
}

class slurm_provider final : public folder_provider {
public:
  slurm_provider(slurm_provider_spec spec, fs::path binary, fs::path data, std::string id)
      : folder_provider{std::move(data), launch_defaults::far_look}, spec_{std::move(spec)},
        binary_{std::move(binary)}, id_{std::move(id)} {}

  result<void> start(const node_plan& plan) override {
    const auto folder = of(plan.entry);
    const auto job = find(plan.entry);
    if (!job) return tl::unexpected(job.error());
    if (waits(*job) || has_process(*job)) return {};
    if (auto ready = folder.prepare(); !ready) return ready;
    if (auto brought = folder.bring(plan); !brought) return brought;
    const auto draft = folder.path() / "node.yaml.in";
    if (auto put = write_file(draft, to_yaml(plan.config), private_mode); !put) return put;
    std::vector<std::string> command{"sbatch",
                                     "--parsable",
                                     "--job-name=" + job_name(plan.entry),
                                     "--chdir=" + folder.path().string(),
                                     "--output=" + folder.log().string(),
                                     "--open-mode=append",
                                     "--no-requeue",
                                     "--nodes=1",
                                     "--ntasks=1"};
    for (const auto& more : {demands_of(plan.config), spec_.options, plan.options})
      command.insert(command.end(), more.begin(), more.end());
    const auto said = run_well({command, script(folder), launch_defaults::program_timeout, {}});
    if (!said) return tl::unexpected(said.error());
    return {};
  }

  result<std::vector<node_look>> look(std::span<const node_entry> nodes) override {
    const auto jobs = all_jobs();
    if (!jobs) return tl::unexpected(jobs.error());
    std::vector<node_look> all;
    for (const auto& each : nodes) {
      const auto found = jobs->find(job_name(each));
      all.push_back(look_at(each, found == jobs->end() ? slurm_job{} : found->second));
    }
    return all;
  }

  result<void> stop(const node_entry& node, stop_how how) override {
    const auto job = find(node);
    if (!job) return tl::unexpected(job.error());
    const auto number = std::to_string(job->number);
    if (waits(*job) || (how == stop_how::kill && has_process(*job))) {
      // Killed at once: Slurm itself would wait for some time between the two signals.
      if (!waits(*job)) run_scancel({"--signal=KILL", "--full", number});
      return run_scancel({number});
    }
    return has_process(*job) ? run_scancel({"--signal=TERM", "--batch", number}) : result<void>{};
  }

private:
  [[nodiscard]] std::string job_name(const node_entry& node) const {
    return "troupe." + id_ + "." + node.name;
  }

  /// The node says how its host is reached, as Slurm knows it.
  [[nodiscard]] std::string script(const node_folder& folder) const {
    return fmt::format(
        "#!/bin/sh\numask 077\n"
        "address=$(scontrol show node -o \"$SLURMD_NODENAME\" 2>/dev/null |\n"
        "  sed -n 's/.* NodeAddr=\\([^ ]*\\).*/\\1/p')\n"
        "[ -n \"$address\" ] || address=$(hostname -f 2>/dev/null || hostname)\n"
        "sed \"s|{0}|$address|g\" node.yaml.in >node.yaml.part && mv node.yaml.part node.yaml &&\n"
        "exec {1} node --config {2}\n",
        slurm_host, shell_word(binary_.string()), shell_word(folder.config().string()));
  }

  static result<std::map<std::string, slurm_job>> all_jobs() {
    const auto said =
        run_well({{"squeue", "--me", "--noheader", "--states=all", "--format=%j|%i|%T|%r"},
                  {},
                  launch_defaults::program_timeout,
                  {}});
    if (!said) return tl::unexpected(said.error());
    return parse_jobs(*said);
  }
  [[nodiscard]] result<slurm_job> find(const node_entry& node) const {
    const auto jobs = all_jobs();
    if (!jobs) return tl::unexpected(jobs.error());
    const auto found = jobs->find(job_name(node));
    return found == jobs->end() ? slurm_job{} : found->second;
  }
  static result<void> run_scancel(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "scancel");
    const auto said = run_well({std::move(arguments), {}, launch_defaults::program_timeout, {}});
    if (!said) return tl::unexpected(said.error());
    return {};
  }

  [[nodiscard]] node_look look_at(const node_entry& node, const slurm_job& job) const {
    if (job.number == 0) return {};
    const auto detail =
        fmt::format("job {} {}{}", job.number, job.state,
                    job.reason.empty() || job.reason == "None" ? "" : ": " + job.reason);
    if (waits(job)) return {node_phase::starting, std::nullopt, detail};
    if (!has_process(job)) return {node_phase::ended, std::nullopt, detail};
    auto status = of(node).status();
    if (!status || job.state != "RUNNING") return {node_phase::starting, std::nullopt, detail};
    return {node_phase::ready, std::move(status), detail};
  }

  slurm_provider_spec spec_;
  fs::path binary_;
  std::string id_;
};

} // namespace

result<std::unique_ptr<node_provider>>
make_slurm_provider(const slurm_provider_spec& spec, const fs::path& data, const std::string& id) {
  auto binary = spec.binary.empty() ? own_program() : result<fs::path>{spec.binary};
  if (!binary) return tl::unexpected(std::move(binary.error()));
  return std::make_unique<slurm_provider>(spec, std::move(*binary), data, id);
}

} // namespace troupe::cluster
