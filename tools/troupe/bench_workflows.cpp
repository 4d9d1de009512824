#include "actors/runtime/agent_system.hpp"
#include "actors/runtime/typed_agent.hpp"
#include "actors/workflow/engine.hpp"
#include "actors/workflow/memory_store.hpp"
#include "actors/workflow/sqlite_store.hpp"
#include "tools/troupe/bench.hpp"
#include "tools/troupe/bench_agents_subject.hpp"
#include "tools/troupe/bench_durable_stores.hpp"
#include "tools/troupe/bench_folder.hpp"
#include "tools/troupe/bench_graphs.hpp"
#include "tools/troupe/cli_errc.hpp"

#include <fmt/format.h>
#include <future>
#include <google/protobuf/wrappers.pb.h>
#include <thread>

namespace troupe::cli {

namespace {

using number = google::protobuf::Int64Value;
using clock_type = std::chrono::steady_clock;

struct workflows_options {
  bench_options common;
  std::filesystem::path folder;
  std::filesystem::path graph;
  std::size_t workers = 0;
  std::string policy = "sharing";
};

double microseconds_since(clock_type::time_point start) {
  return std::chrono::duration<double, std::micro>{clock_type::now() - start}.count();
}

bool has_completed(const result<workflow::run_end>& how) {
  return how && how->status() == v1::RUN_STATUS_COMPLETED;
}

agent_type no_op() {
  return typed_agent<number, number>(
      "bench.noop", "Answers at once",
      [](const number&, const call_context&) -> reply<number> { return number{}; });
}

/// Agents, and an engine over them.
struct host {
  std::unique_ptr<agent_system> agents;
  std::unique_ptr<workflow::engine> engine;

  [[nodiscard]] static result<host> start(std::size_t workers,
                                          std::unique_ptr<workflow::store> history) {
    host made;
    agent_system_options options;
    options.worker_threads = workers;
    auto agents = agent_system::start(options);
    if (!agents) return tl::unexpected(agents.error());
    made.agents = std::move(*agents);
    if (auto added = made.agents->add(no_op()); !added) return tl::unexpected(added.error());
    auto engine = workflow::engine::start(*made.agents, std::move(history));
    if (!engine) return tl::unexpected(engine.error());
    made.engine = std::move(*engine);
    return made;
  }
};

/// Runs one workflow after the other, each begun where the last one's end is told.
class relay : public std::enable_shared_from_this<relay> {
public:
  relay(workflow::engine& on, workflow::definition_ptr workflow, std::size_t warm_up,
        std::size_t count)
      : on_(on), workflow_(std::move(workflow)), warm_up_(warm_up), left_(warm_up + count) {}

  [[nodiscard]] result<std::vector<double>> run() {
    auto done = done_.get_future();
    next();
    if (auto ended = await(std::move(done), "workflows"); !ended)
      return tl::unexpected(ended.error());
    if (why_) return tl::unexpected(*why_);
    return std::move(microseconds_);
  }

private:
  void next() {
    begun_ = clock_type::now();
    on_.run(workflow_, {}, {}, [self = shared_from_this()](const result<workflow::run_end>& how) {
      self->ended(how);
    });
  }
  void ended(const result<workflow::run_end>& how) {
    const double took = microseconds_since(begun_);
    if (!how)
      why_ = how.error();
    else if (!has_completed(how))
      why_ = error{cli_errc::bench_failed, "a run did not complete"};
    if (warm_up_ > 0)
      --warm_up_;
    else
      microseconds_.push_back(took);
    if (why_ || --left_ == 0) return done_.set_value();
    next();
  }

  workflow::engine& on_;
  workflow::definition_ptr workflow_;
  std::size_t warm_up_, left_;
  clock_type::time_point begun_;
  std::vector<double> microseconds_;
  std::optional<error> why_;
  std::promise<void> done_;
};

/// Runs as many at once, and waits for all.
result<double> runs_per_second(workflow::engine& on, const workflow::definition_ptr& workflow,
                               std::size_t at_once, std::size_t times) {
  double seconds = 0;
  for (std::size_t round = 0; round < times; ++round) {
    std::atomic<std::size_t> left{at_once}, completed{0};
    std::promise<void> done;
    const auto begun = clock_type::now();
    for (std::size_t i = 0; i < at_once; ++i)
      on.run(workflow, {}, {}, [&](const result<workflow::run_end>& how) {
        if (has_completed(how)) ++completed;
        if (--left == 0) done.set_value();
      });
    if (auto ended = await(done.get_future(), "workflows"); !ended)
      return tl::unexpected(ended.error());
    seconds += microseconds_since(begun) * 1e-6;
    if (completed != at_once) return fail(cli_errc::bench_failed, "a run did not complete");
  }
  return static_cast<double>(at_once * times) / seconds;
}

/// From a thread that is no agent, which blocks until the run is closed.
result<std::vector<double>> host_latency(workflow::engine& on,
                                         const workflow::definition_ptr& workflow,
                                         std::size_t warm_up, std::size_t count) {
  std::vector<double> made;
  made.reserve(count);
  for (std::size_t i = 0; i < warm_up + count; ++i) {
    std::promise<bool> done;
    auto ended = done.get_future();
    const auto begun = clock_type::now();
    on.run(workflow, {}, {},
           [&](const result<workflow::run_end>& how) { done.set_value(has_completed(how)); });
    if (!ended.get()) return fail(cli_errc::bench_failed, "a run did not complete");
    if (i >= warm_up) made.push_back(microseconds_since(begun));
  }
  return made;
}

/// What one round found, by the name of the figure.
class workflow_samples {
public:
  void add(const std::string& name, double value) { values_[name].push_back(value); }
  [[nodiscard]] const std::vector<double>& of(const std::string& name) const {
    return values_.at(name);
  }
  [[nodiscard]] bool empty() const { return values_.empty(); }

private:
  std::map<std::string, std::vector<double>> values_;
};

constexpr std::size_t warm_up = 200, lone_runs = 3'000, graph_runs = 200, at_once = 64,
                      rounds_at_once = 100, durable_warm_up = 10, durable_runs = 100;

result<void> measure_in_memory(const workflows_options& options, workflow_samples& into) {
  auto made = host::start(options.workers, workflow::make_memory_store());
  if (!made) return tl::unexpected(made.error());
  const auto definition = [&](const step_graph& graph) {
    return graph_definition(graph, "bench.noop", *made->agents);
  };
  struct lone {
    const char* name;
    step_graph graph;
    std::size_t count;
  };
  auto graph = options.graph.empty() ? random_graph() : read_graph(options.graph);
  if (!graph) return tl::unexpected(graph.error());
  for (const lone& each :
       {lone{"chain", chain_graph(3), lone_runs}, lone{"fan", fan_graph(5), lone_runs},
        lone{"graph", *graph, graph_runs}}) {
    const auto workflow = definition(each.graph);
    if (!workflow) return tl::unexpected(workflow.error());
    auto found = std::make_shared<relay>(*made->engine, *workflow, warm_up, each.count)->run();
    if (!found) return tl::unexpected(found.error());
    into.add(std::string{each.name} + ".p50", quantile(*found, 0.5));
    into.add(std::string{each.name} + ".p99", quantile(*found, 0.99));
  }
  const auto chain = definition(chain_graph(3));
  if (!chain) return tl::unexpected(chain.error());
  auto host = host_latency(*made->engine, *chain, warm_up, lone_runs);
  if (!host) return tl::unexpected(host.error());
  into.add("chain.host.p50", quantile(*host, 0.5));
  const auto rate = runs_per_second(*made->engine, *chain, at_once, rounds_at_once);
  if (!rate) return tl::unexpected(rate.error());
  into.add("chains", *rate);
  auto caf =
      bare_caf_subject(options.workers == 0 ? std::thread::hardware_concurrency() : options.workers,
                       options.policy)
          ->requests_from_host(lone_runs);
  if (!caf) return tl::unexpected(caf.error());
  into.add("request.host.p50.bare_caf", quantile(*caf, 0.5));
  return {};
}

/// A lone chain on SQLite beside bare transactions of the same disk.
result<void> measure_durable(const workflows_options& options, workflow_samples& into) {
  const scratch_folder folder{options.folder};
  if (folder.path().empty())
    return fail(cli_errc::bench_failed,
                fmt::format("cannot make a folder in '{}'; name another with --folder",
                            options.folder.string()));
  auto opened = workflow::open_sqlite_store(folder.path() / "engine.db");
  if (!opened) return tl::unexpected(std::move(opened.error()));
  const auto recorder = std::make_shared<row_recorder>();
  auto made = host::start(options.workers, recording_store(std::move(*opened), recorder));
  if (!made) return tl::unexpected(made.error());
  std::map<std::size_t, double> p50;
  std::vector<transaction_rows> transactions;
  for (const std::size_t steps : {std::size_t{3}, std::size_t{6}}) {
    const auto workflow = graph_definition(chain_graph(steps), "bench.noop", *made->agents);
    if (!workflow) return tl::unexpected(workflow.error());
    (void)recorder->take();
    auto found =
        std::make_shared<relay>(*made->engine, *workflow, durable_warm_up, durable_runs)->run();
    if (!found) return tl::unexpected(found.error());
    p50[steps] = quantile(*found, 0.5);
    if (steps != 3) continue;
    transactions = recorder->take();
    into.add("durable.chain.transactions", static_cast<double>(transactions.size()) /
                                               static_cast<double>(durable_warm_up + durable_runs));
  }
  into.add("durable.chain.p50", p50[3]);
  into.add("durable.step", (p50[6] - p50[3]) / 3);
  auto bare = bare_transactions(folder.path() / "bare.db", transactions);
  if (!bare) return tl::unexpected(bare.error());
  into.add("durable.transaction.p50.bare_sqlite", quantile(*bare, 0.5));
  return {};
}

result<void> bench_workflows(const workflows_options& options, figure_sink& out) {
  workflow_samples found;
  for (std::size_t i = 0; i < options.common.repetitions && !out.stopped(); ++i) {
    if (auto measured = measure_in_memory(options, found); !measured) return measured;
    if (out.stopped()) break;
    if (auto measured = measure_durable(options, found); !measured) return measured;
  }
  if (found.empty()) return {};
  const bench_settings shown{{"workers", std::uint64_t{options.workers}}};
  const auto put = [&](const std::string& name, const char* unit, const std::vector<double>& values,
                       std::optional<bench_goal> goal = {}) {
    out.put(summarise("workflows", name, unit, values, shown, goal));
  };
  for (const char* name : {"chain.p50", "chain.p99", "fan.p50", "fan.p99", "graph.p50", "graph.p99",
                           "chain.host.p50", "request.host.p50.bare_caf"})
    put(name, "us", found.of(name));
  put("chains", "runs/s", found.of("chains"));
  for (const char* name :
       {"durable.chain.p50", "durable.step", "durable.transaction.p50.bare_sqlite"})
    put(name, "us", found.of(name));
  constexpr double most_transactions = 4, most_share_of_bare = 1.5;
  put("durable.step.ratio", "ratio",
      ratios(found.of("durable.step"), found.of("durable.transaction.p50.bare_sqlite")),
      at_most(most_share_of_bare));
  put("durable.chain.transactions", "transactions", found.of("durable.chain.transactions"),
      at_most(most_transactions));
  return {};
}

constexpr const char* bench_workflows_footer =
    R"(Steps that do nothing, on agents of this process. Without durability (a store in memory): a chain of three steps, one step that
fans out to five, a graph of a hundred, one after the other, each begun where the last one's end is told; a chain that a thread of
the host waits for; 64 chains at once. Durable: a lone chain on SQLite with synchronous=FULL, what three more steps of it take, and
bare SQLite committing the same rows. --graph reads other graphs: a JSON list that has, for each step, the list of those before it
that it needs.

Examples:
  troupe bench workflows
  troupe bench workflows --graph graph.json --folder /var/lib/troupe --json)";

} // namespace

void add_bench_workflows(CLI::App& bench, std::function<exit_code()>& chosen) {
  auto options = std::make_shared<workflows_options>();
  auto* command = bench.add_subcommand(
      "workflows",
      "What a workflow of steps that do nothing takes, without durability and with it");
  options->common.add_to(*command);
  add_folder_option(*command, options->folder);
  command
      ->add_option("--graph", options->graph,
                   "The graph of a hundred steps, instead of one made up")
      ->check(CLI::ExistingFile.description(""))
      ->type_name("FILE");
  command
      ->add_option("--workers", options->workers, "Threads that run agents; 0: one per processor")
      ->check(CLI::Range(0, 1'024))
      ->type_name("N")
      ->capture_default_str();
  command->footer(bench_workflows_footer);
  run_bench_on_parse(*command, options, chosen, &bench_workflows);
}

} // namespace troupe::cli
