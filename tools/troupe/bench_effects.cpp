#include "actors/runtime/agent_system.hpp"
#include "actors/runtime/typed_agent.hpp"
#include "actors/workflow/engine.hpp"
#include "actors/workflow/errors.hpp"
#include "tools/troupe/bench.hpp"
#include "tools/troupe/bench_effect_file.hpp"
#include "tools/troupe/bench_graphs.hpp"
#include "tools/troupe/bench_time.hpp"
#include "tools/troupe/cli_errc.hpp"
#include "tools/troupe/max_uncommitted_option.hpp"
#include "tools/troupe/store_option.hpp"

#include <condition_variable>
#include <fmt/format.h>
#include <google/protobuf/wrappers.pb.h>
#include <mutex>
#include <optional>
#include <thread>

namespace troupe::cli {

namespace {

using effect_number = google::protobuf::Int64Value;

struct effects_options {
  bool json = false;
  store_option store;
  std::filesystem::path file;
  std::size_t runs = 100, steps = 5;
  std::size_t max_uncommitted = workflow::engine_options::unlimited;
};

/// Has the effects of steps; the first of them wait until all runs are accepted, so that all are in flight when effects
/// begin.
class effect_agent {
public:
  explicit effect_agent(effect_file file) : file_(std::move(file)) {}

  void take(std::shared_ptr<const call_context> context, typed_responder<effect_number> respond) {
    {
      const std::lock_guard held{mutex_};
      if (!open_) return waiting_.emplace_back(std::move(context), std::move(respond)), void();
    }
    work(*context, respond);
  }
  void open() {
    std::vector<request> waited;
    {
      const std::lock_guard held{mutex_};
      open_ = true;
      waited.swap(waiting_);
    }
    for (const auto& [context, respond] : waited)
      work(*context, respond);
  }

private:
  using request = std::pair<std::shared_ptr<const call_context>, typed_responder<effect_number>>;

  void work(const call_context& context, const typed_responder<effect_number>& respond) {
    const auto done =
        file_.append(fmt::format("{} {}\n", context.header().idempotency_key, context.attempt()));
    if (done)
      respond(effect_number{});
    else
      respond.fail({"bench.effect_failed", done.error().message(), false});
  }

  effect_file file_;
  std::mutex mutex_;
  bool open_ = false;
  std::vector<request> waiting_;
};

agent_type type_of(std::shared_ptr<effect_agent> agent) {
  return typed_agent<effect_number, effect_number>(
      "bench.effect", "Appends a line to a file",
      [agent = std::move(agent)](const std::shared_ptr<const effect_number>&,
                                 std::shared_ptr<const call_context> context,
                                 typed_responder<effect_number> respond) {
        agent->take(std::move(context), std::move(respond));
      });
}

/// Counts the runs that are told to be over.
class closings {
public:
  void add(const result<v1::RunSummary>& outcome) {
    const std::lock_guard held{mutex_};
    ++closed_;
    if (!outcome)
      why_ = outcome.error();
    else if (outcome->status() != v1::RUN_STATUS_COMPLETED)
      why_ = error{cli_errc::bench_failed,
                   fmt::format("run '{}' did not complete: {}", outcome->run_id(),
                               outcome->failure().message())};
    changed_.notify_one();
  }
  /// @returns false where the bench is to end before.
  [[nodiscard]] result<bool> await(std::size_t runs, const figure_sink& out) {
    constexpr std::chrono::milliseconds look{100};
    std::unique_lock held{mutex_};
    while (!changed_.wait_for(held, look, [&] { return closed_ == runs || why_; }))
      if (out.stopped()) return false;
    if (why_) return tl::unexpected(*why_);
    return true;
  }

private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t closed_ = 0;
  std::optional<error> why_;
};

/// Takes over what a process before left. A server may need a moment to notice that it is gone.
result<std::size_t> take_over(workflow::engine& engine, const figure_sink& out) {
  constexpr std::chrono::milliseconds pause{20};
  std::size_t taken = 0;
  while (!out.stopped()) {
    auto found = engine.recover();
    if (!found) return tl::unexpected(std::move(found.error()));
    taken += found->runs.size();
    bool owned = false;
    for (const auto& [run_id, why] : found->refused) {
      if (why.code != workflow_errc::run_owned) return tl::unexpected(why);
      owned = true;
    }
    if (!owned) break;
    std::this_thread::sleep_for(pause);
  }
  return taken;
}

result<void> submit_all(workflow::engine& engine, const workflow::definition_ptr& chain,
                        std::size_t runs) {
  for (std::size_t i = 0; i < runs; ++i)
    if (auto made = engine.submit(chain, {}, {fmt::format("w{}", i)}); !made)
      return tl::unexpected(std::move(made.error()));
  return {};
}

result<void> bench_effects(const effects_options& options, figure_sink& out) {
  auto file = effect_file::open(options.file);
  if (!file) return tl::unexpected(std::move(file.error()));
  const bool new_file = file->was_empty();
  auto store = options.store.open(false);
  if (!store) return tl::unexpected(std::move(store.error()));
  const auto effects = std::make_shared<effect_agent>(std::move(*file));
  auto agents = agent_system::start({});
  if (!agents) return tl::unexpected(agents.error());
  if (auto added = (*agents)->add(type_of(effects)); !added) return tl::unexpected(added.error());
  workflow::engine_options how;
  how.max_uncommitted = options.max_uncommitted;
  auto engine = workflow::engine::start(**agents, std::move(*store), how);
  if (!engine) return tl::unexpected(engine.error());
  const auto chain = graph_definition(chain_graph(options.steps), "bench.effect", **agents);
  if (!chain) return tl::unexpected(chain.error());

  const stopwatch since_start;
  const auto taken = take_over(**engine, out);
  if (!taken) return tl::unexpected(taken.error());
  if (out.stopped()) return {};
  if (auto made = submit_all(**engine, *chain, options.runs); !made) return made;
  const auto over = std::make_shared<closings>();
  // The same runs once more: told of their ends.
  for (std::size_t i = 0; i < options.runs; ++i)
    (*engine)->run(*chain, {}, {fmt::format("w{}", i)},
                   [over](const result<v1::RunSummary>& outcome) { over->add(outcome); });
  const stopwatch since_open;
  effects->open();
  const auto ended = over->await(options.runs, out);
  if (!ended) return tl::unexpected(ended.error());
  if (!*ended) return {};
  const double took = since_open.elapsed().wall_seconds, all = since_start.elapsed().wall_seconds;
  bench_settings shown{{"runs", options.runs}, {"steps", options.steps}};
  if (options.max_uncommitted == workflow::engine_options::unlimited)
    shown.emplace_back("max_uncommitted", "unlimited");
  else
    shown.emplace_back("max_uncommitted", options.max_uncommitted);
  if (new_file && *taken == 0)
    out.put(summarise("effects", "steps", "steps/s",
                      {static_cast<double>(options.runs * options.steps) / took}, shown));
  else
    out.put(summarise("effects", "recovery", "s", {all}, shown));
  return {};
}

constexpr const char* bench_effects_footer =
    R"(All runs are accepted, then their steps begin, one after another in each run. Each appends a line to FILE: its idempotency key
and the number of its attempt. The store and FILE stay: killed and started again with the same options, the command goes on with what
is left, and FILE tells which effects were repeated. `tools/chaos --repeats` does that again and again, and counts.

The figure is steps per second from the first effect to the last commit, or where FILE has lines already, how many seconds
taking over and ending what was left took.

Examples:
  troupe bench effects --store sqlite:runs.db --file effects
  troupe bench effects --store sqlite:runs.db --file effects --max-uncommitted 4)";

} // namespace

void add_bench_effects(CLI::App& bench, std::function<exit_code()>& chosen) {
  auto options = std::make_shared<effects_options>();
  auto* command = bench.add_subcommand(
      "effects", "Steps with effects per second, and what goes on after a crash");
  command->add_flag("--json", options->json,
                    "One JSON object per figure and line, as soon as it is found");
  options->store.add_to(*command);
  command->get_option("--store")->required(); // the usual one has runs of somebody
  command->add_option("--file", options->file, "Where the effects go")
      ->required()
      ->type_name("FILE");
  const auto size = [&](const char* name, std::size_t& value, std::size_t most, const char* help) {
    command->add_option(name, value, help)
        ->check(CLI::Range(std::size_t{1}, most))
        ->type_name("N")
        ->capture_default_str();
  };
  size("--runs", options->runs, 10'000, "Runs at once");
  size("--steps", options->steps, 1'000, "Steps of each run");
  add_max_uncommitted_option(*command, options->max_uncommitted);
  command->footer(bench_effects_footer);
  command->callback([options, &chosen] {
    chosen = [options] {
      bench_output out{options->json};
      return out.finish(bench_effects(*options, out));
    };
  });
}

} // namespace troupe::cli
