#pragma once

#include "kernels/result.hpp"
#include "tools/troupe/bench_figure.hpp"
#include "tools/troupe/bench_output.hpp"
#include "tools/troupe/exit_code.hpp"

#include <CLI/CLI.hpp>
#include <cstddef>
#include <functional>
#include <memory>

/// `troupe bench`: one file per bench, each adding a subcommand of `bench`.
namespace troupe::cli {

/// The options that every bench has.
struct bench_options {
  bool json = false;
  std::size_t repetitions = 5;

  void add_to(CLI::App& command) {
    command.add_flag("--json", json, "One JSON object per figure and line, as soon as it is found");
    command
        .add_option("--repetitions", repetitions,
                    "Rounds; every figure is the median with minimum and maximum")
        ->check(CLI::Range(1, 1'000))
        ->type_name("N")
        ->capture_default_str();
  }
};

/// Measures, putting figures into the sink; returns early where the sink says so.
template <class Options>
using bench_function = result<void> (*)(const Options& options, figure_sink& out);

/// Runs a bench whose options hold a member `common` of type `bench_options`, and prints what it finds.
template <class Options>
[[nodiscard]] exit_code run_bench(const Options& options, bench_function<Options> measure) {
  bench_output out{options.common.json};
  const auto outcome = measure(options, out);
  return out.finish(outcome);
}

/// Makes `command` do that when it is chosen.
template <class Options>
void run_bench_on_parse(CLI::App& command, std::shared_ptr<Options> options,
                        std::function<exit_code()>& chosen, bench_function<Options> measure) {
  command.callback([options, &chosen, measure] {
    chosen = [options, measure] { return run_bench(*options, measure); };
  });
}

void add_bench_agents(CLI::App& bench, std::function<exit_code()>& chosen);
void add_bench_effects(CLI::App& bench, std::function<exit_code()>& chosen);
void add_bench_kernels(CLI::App& bench, std::function<exit_code()>& chosen);
void add_bench_ner(CLI::App& bench, std::function<exit_code()>& chosen);
void add_bench_durable(CLI::App& bench, std::function<exit_code()>& chosen);
void add_bench_redact(CLI::App& bench, std::function<exit_code()>& chosen);
void add_bench_remote(CLI::App& bench, std::function<exit_code()>& chosen);
void add_bench_runs(CLI::App& bench, std::function<exit_code()>& chosen);
void add_bench_scheduling(CLI::App& bench, std::function<exit_code()>& chosen);
void add_bench_serve(CLI::App& bench, std::function<exit_code()>& chosen);
void add_bench_tokenizer(CLI::App& bench, std::function<exit_code()>& chosen);
void add_bench_workflows(CLI::App& bench, std::function<exit_code()>& chosen);

} // namespace troupe::cli
