#include "tools/troupe/bench_runs.hpp"

#include "actors/workflow/engine.hpp"
#include "actors/workflow/event_codec.hpp"
#include "actors/workflow/sqlite_store.hpp"
#include "tools/troupe/bench.hpp"
#include "tools/troupe/bench_folder.hpp"
#include "tools/troupe/bench_time.hpp"
#include "tools/troupe/cli_errc.hpp"
#include "tools/troupe/no_agents.hpp"

#include <atomic>
#include <fmt/format.h>
#include <fstream>
#include <malloc.h>
#include <thread>
#include <unistd.h>

namespace troupe::cli {

namespace {

/// Runs that were there before the memory of one is measured, so that what all share is not counted.
constexpr std::size_t warm_up = 1'000;

workflow::definition_ptr waiting_definition(bool for_signal) {
  v1::WorkflowDefinition source;
  source.set_name(for_signal ? "bench-signal" : "bench-timer");
  source.set_version("1");
  v1::StepDefinition& waits = *source.add_steps();
  waits.set_id("waits");
  if (for_signal)
    waits.set_signal("go");
  else
    waits.mutable_wait()->set_seconds(std::int64_t{30} * 24 * 3'600);
  return workflow::compile_definition(source, nullptr).value_or(nullptr);
}

double resident_bytes() {
  malloc_trim(0);
  std::ifstream file{"/proc/self/statm"};
  double all = 0, resident = 0;
  file >> all >> resident;
  return resident * static_cast<double>(sysconf(_SC_PAGESIZE));
}

result<std::unique_ptr<workflow::engine>> open_engine(const std::filesystem::path& file) {
  static const no_agents none;
  auto opened = workflow::open_sqlite_store(file);
  if (!opened) return tl::unexpected(std::move(opened.error()));
  return workflow::engine::start(
      none,
      [](const workflow::attempt_request&, const responder& then) {
        then(
            tl::unexpected(failure{"bench.no_agent", "no step of this bench has an agent", false}));
      },
      std::move(*opened));
}

/// From several threads, so that one commit has many of them.
result<void> submit_waiting(workflow::engine& engine, std::size_t from, std::size_t to) {
  constexpr std::size_t senders = 32;
  const auto timer = waiting_definition(false), signal = waiting_definition(true);
  if (!timer || !signal) return fail(cli_errc::bench_failed, "its definition is refused");
  std::atomic<std::size_t> next{from}, refused{0};
  {
    std::vector<std::jthread> threads;
    while (threads.size() < senders)
      threads.emplace_back([&] {
        for (auto i = next.fetch_add(1); i < to; i = next.fetch_add(1))
          if (!engine.submit(i % 2 == 0 ? timer : signal, {}, {fmt::format("run-{}", i)}))
            ++refused;
      });
  }
  if (refused == 0) return {};
  return fail(cli_errc::bench_failed, fmt::format("{} runs were refused", refused.load()));
}

struct waiting_samples {
  std::vector<double> bytes, recovered_bytes, recovery_seconds, recovery_cpu;
};

result<void> add_waiting_round(const runs_settings& settings, waiting_samples& into) {
  const scratch_folder folder{settings.folder};
  if (folder.path().empty()) return fail(cli_errc::bench_failed, "cannot make a folder there");
  const auto file = folder.path() / "runs.db";
  {
    const auto engine = open_engine(file);
    if (!engine) return tl::unexpected(engine.error());
    if (auto made = submit_waiting(**engine, 0, warm_up); !made) return made;
    const double before = resident_bytes();
    if (auto made = submit_waiting(**engine, warm_up, warm_up + settings.waiting); !made)
      return made;
    into.bytes.push_back((resident_bytes() - before) / static_cast<double>(settings.waiting));
  }
  const auto engine = open_engine(file);
  if (!engine) return tl::unexpected(engine.error());
  const double empty = resident_bytes();
  const stopwatch timer;
  const auto found = (*engine)->recover();
  const bench_time took = timer.elapsed();
  if (!found) return tl::unexpected(found.error());
  if (found->runs.size() != warm_up + settings.waiting)
    return fail(cli_errc::bench_failed,
                fmt::format("{} of {} runs go on", found->runs.size(), warm_up + settings.waiting));
  // Once this is durable, all that the recovery recorded is.
  if (auto last =
          submit_waiting(**engine, warm_up + settings.waiting, warm_up + settings.waiting + 1);
      !last)
    return last;
  into.recovered_bytes.push_back((resident_bytes() - empty) /
                                 static_cast<double>(found->runs.size()));
  const double share =
      static_cast<double>(settings.waiting) / static_cast<double>(found->runs.size());
  into.recovery_seconds.push_back(took.wall_seconds * share);
  into.recovery_cpu.push_back(took.cpu_seconds * share);
  return {};
}

/// Closed runs of a hundred workflows, one in a hundred failed, a minute apart.
result<void> fill_with_closed(workflow::store& into, std::size_t runs) {
  constexpr std::size_t at_once = 1'000;
  const auto definition = waiting_definition(true);
  const auto first = std::chrono::system_clock::now() - std::chrono::minutes{runs};
  std::vector<workflow::append_batch> batches;
  for (std::size_t i = 0; i < runs; ++i) {
    const auto started = first + std::chrono::minutes{i};
    workflow::append_batch one;
    one.entry.run_id = fmt::format("run-{}", i);
    one.entry.workflow = fmt::format("workflow-{}", i % 97);
    one.entry.workflow_version = "1";
    one.entry.status = i % 100 == 7 ? v1::RUN_STATUS_FAILED : v1::RUN_STATUS_COMPLETED;
    one.entry.started = started;
    one.entry.closed = started + std::chrono::seconds{30};
    // One that all have, one that one in a thousand has, and one of two halves.
    one.entry.tags = {{"stage", "production"},
                      {"tenant", fmt::format("tenant-{}", i % 1'000)},
                      {"half", i % 2 == 0 ? "even" : "odd"}};
    workflow::run_started start{one.entry.run_id, definition, {}};
    start.tags = one.entry.tags;
    one.events.push_back(workflow::encode({1, started, std::move(start)}).SerializeAsString());
    one.events.push_back(
        workflow::encode({2, started + std::chrono::seconds{30}, workflow::run_completed{}})
            .SerializeAsString());
    batches.push_back(std::move(one));
    if (batches.size() < at_once && i + 1 < runs) continue;
    if (auto kept = into.append(batches); !kept) return kept;
    batches.clear();
  }
  return {};
}

struct search {
  const char* name;
  workflow::run_filter filter;
};

std::vector<search> searches(std::size_t runs) {
  const auto now = std::chrono::system_clock::now();
  workflow::run_filter failed, named, unknown, recent, old_failures, all, tag, rare_tag, no_tag,
      three_tags, tag_status_since;
  for (auto* each : {&failed, &named, &unknown, &recent, &old_failures, &all, &tag, &rare_tag,
                     &no_tag, &three_tags, &tag_status_since})
    each->limit = 50;
  tag.tags = {{"stage", "production"}};
  rare_tag.tags = {{"tenant", "tenant-13"}};
  no_tag.tags = {{"stage", "test"}};
  three_tags.tags = {{"stage", "production"}, {"tenant", "tenant-13"}, {"half", "odd"}};
  tag_status_since.tags = tag.tags;
  tag_status_since.statuses = {v1::RUN_STATUS_FAILED};
  tag_status_since.started_since = now - std::chrono::minutes{runs / 2};
  failed.statuses = {v1::RUN_STATUS_FAILED};
  named.workflow = "workflow-13";
  unknown.workflow = "no-such-workflow";
  recent.started_since = now - std::chrono::hours{1};
  old_failures.statuses = {v1::RUN_STATUS_FAILED};
  old_failures.workflow = "workflow-13";
  old_failures.started_since = now - std::chrono::minutes{runs / 2};
  return {{"newest", all},
          {"status", failed},
          {"workflow", named},
          {"unknown_workflow", unknown},
          {"since", recent},
          {"status_workflow_since", old_failures},
          {"tag", tag},
          {"rare_tag", rare_tag},
          {"unknown_tag", no_tag},
          {"three_tags", three_tags},
          {"tag_status_since", tag_status_since}};
}

result<void> measure_searches(const runs_settings& settings, figure_sink& out) {
  const scratch_folder folder{settings.folder};
  if (folder.path().empty()) return fail(cli_errc::bench_failed, "cannot make a folder there");
  const auto store = workflow::open_sqlite_store(folder.path() / "closed.db");
  if (!store) return tl::unexpected(store.error());
  if (auto filled = fill_with_closed(**store, settings.finished); !filled) return filled;
  for (const search& each : searches(settings.finished)) {
    std::vector<double> samples;
    while (samples.size() < settings.repetitions && !out.stopped()) {
      // As `troupe ps` does: opened for it alone.
      const stopwatch timer;
      workflow::sqlite_store_options to_read;
      to_read.read_only = true;
      const auto reader = workflow::open_sqlite_store(folder.path() / "closed.db", to_read);
      if (!reader) return tl::unexpected(reader.error());
      if (const auto found = (*reader)->list(each.filter); !found)
        return tl::unexpected(found.error());
      samples.push_back(timer.elapsed().wall_seconds * 1e3);
    }
    if (samples.empty()) return {};
    out.put(summarise("runs", fmt::format("search.{}", each.name), "ms", samples,
                      {{"finished", settings.finished}}, at_most(100)));
  }
  return {};
}

} // namespace

result<void> run_bench_runs(const runs_settings& settings, figure_sink& out) {
  waiting_samples found;
  while (found.bytes.size() < settings.repetitions && !out.stopped())
    if (auto added = add_waiting_round(settings, found); !added) return added;
  if (found.bytes.empty()) return {};
  const bench_settings shown{{"runs", settings.waiting}};
  constexpr double most_bytes = 2'048, most_seconds = 3;
  out.put(summarise("runs", "waiting.memory", "bytes", found.bytes, shown, at_most(most_bytes)));
  out.put(summarise("runs", "recovered.memory", "bytes", found.recovered_bytes, shown,
                    at_most(most_bytes)));
  out.put(summarise("runs", "recovery", "s", found.recovery_seconds, shown, at_most(most_seconds)));
  out.put(summarise("runs", "recovery.cpu", "s", found.recovery_cpu, shown));
  return measure_searches(settings, out);
}

namespace {

struct runs_bench_options {
  bench_options common;
  runs_settings settings;
};

result<void> bench_runs(const runs_bench_options& options, figure_sink& out) {
  runs_settings settings = options.settings;
  settings.repetitions = options.common.repetitions;
  return run_bench_runs(settings, out);
}

constexpr const char* bench_runs_footer =
    R"(Many runs wait at once, half of them for a time, half for a signal: the memory of each, and how long another engine takes
to go on with all of them. Then the searches of `troupe ps` in a store of closed runs.

Examples:
  troupe bench runs
  troupe bench runs --waiting 10000 --finished 1000000 --json)";

} // namespace

void add_bench_runs(CLI::App& bench, std::function<exit_code()>& chosen) {
  auto options = std::make_shared<runs_bench_options>();
  auto* command =
      bench.add_subcommand("runs", "Many runs: memory while they wait, recovery, searches");
  options->common.add_to(*command);
  add_folder_option(*command, options->settings.folder);
  command->add_option("--waiting", options->settings.waiting, "Runs that wait at once")
      ->check(CLI::Range(1, 1'000'000))
      ->type_name("N")
      ->capture_default_str();
  command->add_option("--finished", options->settings.finished, "Closed runs in the store")
      ->check(CLI::Range(1, 10'000'000))
      ->type_name("N")
      ->capture_default_str();
  command->footer(bench_runs_footer);
  run_bench_on_parse(*command, options, chosen, &bench_runs);
}

} // namespace troupe::cli
