#include "tools/troupe/simulate_stream.hpp"

#include "actors/scheduling/cluster_reader.hpp"
#include "actors/scheduling/online/figures.hpp"
#include "actors/scheduling/online/stream_reader.hpp"
#include "actors/scheduling/online/stream_workflows.hpp"
#include "tools/troupe/cli_errc.hpp"
#include "tools/troupe/console.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fstream>
#include <nlohmann/json.hpp>

namespace troupe::cli {

namespace {

using namespace scheduling;
using nlohmann::ordered_json;

/// All that a simulation needs.
struct stream_case {
  cluster on;
  arrival_stream stream;
  std::vector<simulated_workflow> workflows;
};

result<stream_truth> truth_of(const stream_options& options, const stream_case& of,
                              std::optional<std::uint64_t> seed) {
  if (!options.truth.empty()) return load_truth(options.truth, of.stream);
  return draw_truth(of.stream, of.workflows, seed.value_or(of.stream.seed));
}

result<stream_case> load_case(const stream_options& options, const std::string& cluster_file,
                              std::optional<std::uint64_t> seed) {
  auto on = load_cluster(cluster_file);
  if (!on) return tl::unexpected(std::move(on.error()));
  auto stream = load_stream(options.arrivals);
  if (!stream) return tl::unexpected(std::move(stream.error()));
  const std::filesystem::path instances =
      options.instances.empty() ? std::filesystem::path{options.arrivals}.parent_path()
                                : std::filesystem::path{options.instances};
  auto workflows = load_workflows(*stream, instances, *on);
  if (!workflows) return tl::unexpected(std::move(workflows.error()));
  stream_case out{std::move(*on), std::move(*stream), std::move(*workflows)};
  auto truth = truth_of(options, out, seed);
  if (!truth) return tl::unexpected(std::move(truth.error()));
  if (auto set = set_truth(out.workflows, out.stream, std::move(*truth)); !set)
    return tl::unexpected(std::move(set.error()));
  return out;
}

/// Simulates, writing every event as a line where a file is named.
result<simulation> run_case(const stream_case& of, online_policy& policy,
                            const std::string& events) {
  if (events.empty()) return simulate(of.on, of.workflows, policy);
  std::ofstream out{events, std::ios::binary | std::ios::trunc};
  auto run = simulate(of.on, of.workflows, policy,
                      [&out](const online_event& event) { out << to_json_line(event) << '\n'; });
  out.close();
  if (!out)
    return fail(cli_errc::output_failed,
                fmt::format("{}; is its folder there and has the disk room?", events));
  return run;
}

ordered_json number_or_null(const std::optional<double>& value) {
  return value ? ordered_json(*value) : ordered_json{};
}

ordered_json to_json(const arrival_stream& stream, std::string_view policy,
                     const online_figures& of) {
  return {{"stream", stream.name},
          {"cluster", stream.cluster},
          {"policy", policy},
          {"workflows", of.workflows},
          {"mean_jct", of.mean_jct},
          {"median_jct", of.median_jct},
          {"p95_jct", of.p95_jct},
          {"mean_stretch", of.mean_stretch},
          {"p95_stretch", of.p95_stretch},
          {"max_stretch", of.max_stretch},
          {"jain_stretch", of.jain_stretch},
          {"span", of.span},
          {"utilisation",
           {{"cpu", number_or_null(of.cpu_utilisation)},
            {"gpu", number_or_null(of.gpu_utilisation)},
            {"all", number_or_null(of.utilisation)}}}};
}

std::string percent(const std::optional<double>& part) {
  return part ? fmt::format("{:.1f} %", *part * 100) : "-";
}

bool print_text(const arrival_stream& stream, std::string_view policy, const online_figures& of) {
  table rows{{fmt::format("{} ON {}", stream.name, stream.cluster), std::string{policy}}, {1}};
  rows.add({"workflows", fmt::format("{}", of.workflows)});
  rows.add({"mean completion time", fmt::format("{:.1f} s", of.mean_jct)});
  rows.add({"  median", fmt::format("{:.1f} s", of.median_jct)});
  rows.add({"  p95", fmt::format("{:.1f} s", of.p95_jct)});
  rows.add({"mean stretch", fmt::format("{:.3f}", of.mean_stretch)});
  rows.add({"  p95", fmt::format("{:.2f}", of.p95_stretch)});
  rows.add({"  largest", fmt::format("{:.2f}", of.max_stretch)});
  rows.add({"fairness (Jain, of stretches)", fmt::format("{:.3f}", of.jain_stretch)});
  rows.add({"CPU slots busy", percent(of.cpu_utilisation)});
  rows.add({"GPU slots busy", percent(of.gpu_utilisation)});
  rows.add({"span", fmt::format("{:.0f} s", of.span)});
  return rows.print();
}

} // namespace

void stream_options::add_to(CLI::App& command) {
  command
      .add_option("--arrivals", arrivals,
                  "Simulate this stream of workflows (JSON, format wfstream-1)")
      ->type_name("FILE");
  command
      .add_option("--truth", truth,
                  "True run times of the stream (JSON, format wftruth-1); without it they are "
                  "drawn from its sigma and the seed")
      ->type_name("FILE")
      ->needs("--arrivals");
  command
      .add_option("--instances", instances,
                  "Folder of the traces that the stream names; without it the folder of the stream")
      ->type_name("DIR")
      ->needs("--arrivals");
  command
      .add_option("--events", events, "Write every event of the stream to this file, a JSON a line")
      ->type_name("FILE")
      ->needs("--arrivals");
}

exit_code simulate_stream(const stream_options& options, const std::string& cluster,
                          const std::string& policy, std::optional<std::uint64_t> seed, bool json) {
  const auto chosen = policy.empty()
                          ? result<const online_policy_entry*>{&online_policies().front()}
                          : find_online_policy(policy);
  if (!chosen) return report(chosen.error(), exit_code::usage);
  const auto loaded = load_case(options, cluster, seed);
  if (!loaded) return report(loaded.error(), exit_code::usage);
  const auto made = (*chosen)->make();
  const auto run = run_case(*loaded, *made, options.events);
  if (!run) return report(run.error());
  const auto bounds = bounds_of(loaded->on, loaded->workflows);
  if (!bounds) return report(bounds.error());
  const auto figures = figures_of(*run, loaded->on, loaded->workflows, *bounds);
  const bool printed = json ? print_line(to_json(loaded->stream, (*chosen)->name, figures).dump())
                            : print_text(loaded->stream, (*chosen)->name, figures);
  return printed ? exit_code::ok : report_closed_output();
}

} // namespace troupe::cli
