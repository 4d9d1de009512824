#include "tools/troupe/bench.hpp"

#include "tools/troupe/commands.hpp"

namespace troupe::cli {

namespace {

constexpr const char* bench_footer =
    R"(Every figure is the median of several rounds with their minimum and maximum. What a figure is compared with (bare CAF, bare
SQLite) is measured in the same run, round by round in turns. Figures "per core-second" divide by the CPU time of the
process instead of the time on the wall: only they compare between runs on a machine that others use too.

Examples:
  troupe bench tokenizer
  troupe bench agents --json > figures.jsonl

'troupe bench NAME --help' has more on each bench.)";

} // namespace

void add_bench(CLI::App& app, action& chosen) {
  auto* command = app.add_subcommand("bench", "Measure the parts of troupe beside their floors");
  command->require_subcommand(1);
  command->footer(bench_footer);
  for (auto* add : {add_bench_ner, add_bench_kernels, add_bench_tokenizer, add_bench_redact,
                    add_bench_agents, add_bench_remote, add_bench_durable, add_bench_effects,
                    add_bench_runs, add_bench_workflows, add_bench_scheduling, add_bench_serve})
    add(*command, chosen);
}

} // namespace troupe::cli
