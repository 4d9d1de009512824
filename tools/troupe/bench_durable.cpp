#include "tools/troupe/bench_durable.hpp"

#include "actors/workflow/engine.hpp"
#include "actors/workflow/sqlite_store.hpp"
#include "tools/troupe/bench.hpp"
#include "tools/troupe/bench_durable_stores.hpp"
#include "tools/troupe/bench_folder.hpp"
#include "tools/troupe/bench_time.hpp"
#include "tools/troupe/cli_errc.hpp"
#include "troupe/v1/files.pb.h"

#include <condition_variable>
#include <fmt/format.h>
#include <mutex>

namespace troupe::cli {

namespace {

constexpr std::chrono::minutes longest_round{5};

/// One agent type, whose attempts this bench answers itself.
class no_op_agents final : public agent_types {
public:
  no_op_agents() {
    type_.name = "bench.noop";
    type_.methods = {{v1::ListFilesRequest::descriptor(), v1::ListFilesReply::descriptor()}};
  }
  [[nodiscard]] const agent_type* find(std::string_view type) const override {
    return type == type_.name ? &type_ : nullptr;
  }
  [[nodiscard]] std::vector<std::string> names() const override { return {type_.name}; }

private:
  agent_type type_;
};

workflow::definition_ptr chain_of(std::size_t steps, const agent_types& agents) {
  v1::WorkflowDefinition source;
  source.set_name("bench-durable");
  source.set_version("1");
  for (std::size_t i = 0; i < steps; ++i) {
    v1::StepDefinition& made = *source.add_steps();
    made.set_id(fmt::format("step-{}", i));
    made.set_agent("bench.noop");
    if (i > 0) made.add_needs(fmt::format("step-{}", i - 1));
  }
  return workflow::compile_definition(source, &agents).value_or(nullptr);
}

/// Answers every attempt at once, but those of the first steps only when told to: until then all runs
/// wait at their start.
class starting_gate {
public:
  [[nodiscard]] workflow::attempt_starter starter() {
    return [this](const workflow::attempt_request&, const responder& then) {
      if (!hold(then)) then(reply_);
    };
  }
  /// @returns false when they did not come in time.
  [[nodiscard]] bool await(std::size_t waiting) {
    std::unique_lock held{mutex_};
    return arrived_.wait_for(held, longest_round, [&] { return held_.size() == waiting; });
  }
  void open() {
    const std::lock_guard held{mutex_};
    open_ = true;
    for (const responder& then : std::exchange(held_, {}))
      then(reply_);
  }

private:
  bool hold(const responder& then) {
    const std::lock_guard held{mutex_};
    if (open_) return false;
    held_.push_back(then);
    arrived_.notify_one();
    return true;
  }

  message_ptr reply_ = std::make_shared<v1::ListFilesReply>();
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::vector<responder> held_;
  bool open_ = false;
};

/// Counts the runs that are closed and committed.
class finish_line {
public:
  void ended(const result<workflow::run_end>& how) {
    const std::lock_guard held{mutex_};
    ++closed_;
    completed_ += how && how->status() == v1::RUN_STATUS_COMPLETED ? 1 : 0;
    arrived_.notify_one();
  }
  /// @returns whether all were completed in time.
  [[nodiscard]] bool await(std::size_t runs) {
    std::unique_lock held{mutex_};
    return arrived_.wait_for(held, longest_round, [&] { return closed_ == runs; }) &&
           completed_ == runs;
  }

private:
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::size_t closed_ = 0, completed_ = 0;
};

/// What a round of the engine did.
struct engine_round {
  bench_time time;
  std::vector<transaction_rows> transactions;
};

result<engine_round> run_engine(const durable_settings& settings,
                                const std::filesystem::path& file) {
  const no_op_agents agents;
  const auto definition = chain_of(settings.steps, agents);
  if (!definition) return fail(cli_errc::bench_failed, "its definition is refused");
  auto opened = workflow::open_sqlite_store(file);
  if (!opened) return tl::unexpected(std::move(opened.error()));
  auto recorder = std::make_shared<row_recorder>();
  starting_gate gate;
  finish_line finish;
  workflow::engine_options options;
  options.max_started_ahead = settings.max_started_ahead;
  const auto engine = workflow::engine::start(
      agents, gate.starter(), recording_store(std::move(*opened), recorder), options);
  if (!engine) return tl::unexpected(engine.error());
  for (std::size_t i = 0; i < settings.runs; ++i)
    (*engine)->run(definition, {}, {fmt::format("run-{}", i)},
                   [&](const result<workflow::run_end>& how) { finish.ended(how); });
  if (!gate.await(settings.runs)) return fail(cli_errc::bench_failed, "the runs did not begin");
  (void)recorder->take(); // the submissions
  const stopwatch timer;
  gate.open();
  if (!finish.await(settings.runs)) return fail(cli_errc::bench_failed, "the runs did not end");
  return engine_round{timer.elapsed(), recorder->take()};
}

struct samples {
  std::vector<double> engine_rows, engine_steps, engine_cpu_us, bare_rows, bare_cpu_us, group;

  [[nodiscard]] result<void> add_round(const durable_settings& settings) {
    const scratch_folder folder{settings.folder};
    if (folder.path().empty())
      return fail(cli_errc::bench_failed,
                  fmt::format("cannot make a folder in '{}'; name another with --folder",
                              settings.folder.string()));
    const auto engine = run_engine(settings, folder.path() / "engine.db");
    if (!engine) return tl::unexpected(engine.error());
    const auto bare = insert_bare(folder.path() / "bare.db", engine->transactions);
    if (!bare) return tl::unexpected(bare.error());
    double rows = 0;
    for (const transaction_rows& each : engine->transactions)
      rows += static_cast<double>(each.size());
    engine_rows.push_back(rows / engine->time.wall_seconds);
    engine_steps.push_back(static_cast<double>(settings.runs * settings.steps) /
                           engine->time.wall_seconds);
    engine_cpu_us.push_back(engine->time.cpu_seconds / rows * 1e6);
    bare_rows.push_back(rows / bare->wall_seconds);
    bare_cpu_us.push_back(bare->cpu_seconds / rows * 1e6);
    group.push_back(rows / static_cast<double>(engine->transactions.size()));
    return {};
  }
};

} // namespace

result<void> run_bench_durable(const durable_settings& settings, figure_sink& out) {
  samples found;
  while (found.engine_rows.size() < settings.repetitions && !out.stopped())
    if (auto added = found.add_round(settings); !added) return added;
  if (found.engine_rows.empty()) return {};
  constexpr double share_of_bare = 0.5;
  const bench_settings shown{{"runs", settings.runs},
                             {"steps", settings.steps},
                             {"max_started_ahead", settings.max_started_ahead},
                             {"synchronous", "FULL"}};
  const auto put = [&](const char* name, const char* unit, const std::vector<double>& values,
                       std::optional<bench_goal> goal = {}) {
    out.put(summarise("durable", name, unit, values, shown, goal));
  };
  put("rows", "rows/s", found.engine_rows);
  put("rows.bare_sqlite", "rows/s", found.bare_rows);
  put("rows.ratio", "ratio", ratios(found.engine_rows, found.bare_rows), at_least(share_of_bare));
  put("steps", "steps/s", found.engine_steps);
  put("rows_per_transaction", "rows", found.group);
  put("row_cpu", "us", found.engine_cpu_us);
  put("row_cpu.bare_sqlite", "us", found.bare_cpu_us);
  return {};
}

namespace {

struct durable_bench_options {
  bench_options common;
  durable_settings settings;
};

result<void> bench_durable(const durable_bench_options& options, figure_sink& out) {
  durable_settings settings = options.settings;
  settings.repetitions = options.common.repetitions;
  return run_bench_durable(settings, out);
}

constexpr const char* bench_durable_footer =
    R"(The workflow engine takes many runs at once through steps that do nothing, each transition committed to a SQLite store
with synchronous=FULL; then SQLite alone inserts the same rows into the same tables, with the same number of rows in each
transaction. Put --folder on the disk that the store is meant for.

Examples:
  troupe bench durable
  troupe bench durable --folder /var/lib/troupe --json)";

} // namespace

void add_bench_durable(CLI::App& bench, std::function<exit_code()>& chosen) {
  auto options = std::make_shared<durable_bench_options>();
  auto* command =
      bench.add_subcommand("durable", "Committed history rows per second, beside bare SQLite");
  options->common.add_to(*command);
  add_folder_option(*command, options->settings.folder);
  const auto size = [&](const char* name, std::size_t& value, std::size_t least, std::size_t most,
                        const char* help) {
    command->add_option(name, value, help)
        ->check(CLI::Range(least, most))
        ->type_name("N")
        ->capture_default_str();
  };
  size("--runs", options->settings.runs, 1, 10'000, "Runs at once");
  size("--steps", options->settings.steps, 1, 1'000, "Steps of each run");
  size("--max-started-ahead", options->settings.max_started_ahead, 0, 1'000'000,
       "Attempts that may start before they are durable");
  command->footer(bench_durable_footer);
  run_bench_on_parse(*command, options, chosen, &bench_durable);
}

} // namespace troupe::cli
