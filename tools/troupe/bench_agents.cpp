#include "tools/troupe/bench.hpp"
#include "tools/troupe/bench_agents_subject.hpp"

#include <array>
#include <functional>
#include <thread>

namespace troupe::cli {

namespace {

struct agents_bench_options {
  bench_options common;
  std::size_t workers = 0;
  std::string policy = "sharing";
  std::size_t requests = 50'000;
  std::size_t host_requests = 5'000;
  std::size_t messages = 200'000;
  std::size_t agents = 100'000;
};

/// The samples of one quantity: one per round for troupe, one for bare CAF.
struct pair_of_samples {
  std::vector<double> ours, bare;
};

/// The two that are compared, and how.
class comparison {
public:
  comparison(const agents_bench_options& options, figure_sink& out)
      : options_{options}, out_{out}, ours_{troupe_subject(options.workers)},
        bare_{bare_caf_subject(options.workers, options.policy)} {}

  /// Lets both measure in turns, changing who begins, until all rounds are done or the sink stops.
  /// @param measure adds the samples of one round of one subject: `measure(subject, is_ours)`.
  template <class Measure>
  [[nodiscard]] result<void> rounds(Measure measure) {
    for (std::size_t round = 0; round < options_.common.repetitions && !out_.stopped(); ++round) {
      for (const bool ours : {round % 2 == 0, round % 2 != 0})
        if (const auto done = measure(ours ? *ours_ : *bare_, ours); !done)
          return tl::unexpected(done.error());
    }
    return {};
  }

  /// Puts three figures: `name`, `name`.bare_caf and `name`.ratio (ours / bare).
  void put(const std::string& name, const char* unit, const pair_of_samples& found,
           bench_settings settings, std::optional<bench_goal> goal = {},
           std::optional<bench_goal> ratio_goal = {}) {
    if (found.ours.empty()) return;
    settings.insert(settings.begin(), {{"workers", options_.workers}, {"policy", options_.policy}});
    out_.put(summarise("agents", name, unit, found.ours, settings, goal));
    out_.put(summarise("agents", name + ".bare_caf", unit, found.bare, settings));
    out_.put(summarise("agents", name + ".ratio", "ratio", ratios(found.ours, found.bare), settings,
                       ratio_goal));
  }

private:
  const agents_bench_options& options_;
  figure_sink& out_;
  std::unique_ptr<agent_subject> ours_, bare_;
};

/// The samples of a rate, by the clock and by CPU time.
struct pair_of_rates {
  pair_of_samples by_clock, by_cpu;

  void add(const bench_rate& found, bool is_ours) {
    (is_ours ? by_clock.ours : by_clock.bare).push_back(found.per_second);
    (is_ours ? by_cpu.ours : by_cpu.bare).push_back(found.per_core_second);
  }
};

using request_measurement = result<std::vector<double>> (agent_subject::*)(std::size_t);

/// Median and 99th percentile of round trips.
result<void> compare_requests(comparison& both, const std::string& name,
                              request_measurement measure, std::size_t count,
                              std::optional<bench_goal> goal, bench_goal ratio_goal) {
  pair_of_samples median, tail;
  auto done = both.rounds([&](agent_subject& subject, bool ours) -> result<void> {
    auto microseconds = (subject.*measure)(count);
    if (!microseconds) return tl::unexpected(microseconds.error());
    (ours ? median.ours : median.bare).push_back(quantile(*microseconds, 0.5));
    (ours ? tail.ours : tail.bare).push_back(quantile(*microseconds, 0.99));
    return {};
  });
  if (!done) return done;
  const bench_settings settings{{"requests_per_round", count}};
  both.put(name + ".p50", "us", median, settings, goal, ratio_goal);
  both.put(name + ".p99", "us", tail, settings);
  return {};
}

result<void> compare_one_way(comparison& both, std::size_t count) {
  pair_of_rates rate;
  auto done = both.rounds([&](agent_subject& subject, bool ours) -> result<void> {
    const auto found = subject.one_way_rate(count);
    if (!found) return tl::unexpected(found.error());
    rate.add(*found, ours);
    return {};
  });
  if (!done) return done;
  const bench_settings settings{{"messages_per_round", count}};
  both.put("one_way", "messages/s", rate.by_clock, settings, at_least(500'000));
  both.put("one_way.per_core_second", "messages/core-s", rate.by_cpu, settings);
  return {};
}

result<void> compare_populations(comparison& both, std::size_t agents) {
  pair_of_rates starts;
  pair_of_samples heap, resident;
  auto done = both.rounds([&](agent_subject& subject, bool ours) -> result<void> {
    const auto found = subject.populate(agents);
    if (!found) return tl::unexpected(found.error());
    starts.add(found->starts, ours);
    (ours ? heap.ours : heap.bare).push_back(found->heap_bytes_each);
    (ours ? resident.ours : resident.bare).push_back(found->resident_bytes_each);
    return {};
  });
  if (!done) return done;
  const bench_settings settings{{"agents", agents}, {"first_message", "one way, handled"}};
  both.put("starts", "agents/s", starts.by_clock, settings, at_least(100'000));
  both.put("starts.per_core_second", "agents/core-s", starts.by_cpu, settings);
  both.put("idle_agent.heap", "bytes", heap, settings, at_most(4'096));
  both.put("idle_agent.resident", "bytes", resident, settings);
  return {};
}

result<void> bench_agents(const agents_bench_options& given, figure_sink& out) {
  auto options = given;
  if (options.workers == 0) options.workers = std::max(1U, std::thread::hardware_concurrency());
  comparison both{options, out};
  const std::array<std::function<result<void>()>, 4> parts{
      [&] {
        return compare_requests(both, "request", &agent_subject::requests_between_agents,
                                options.requests, at_most(4), at_most(10));
      },
      [&] {
        return compare_requests(both, "host_request", &agent_subject::requests_from_host,
                                options.host_requests, std::nullopt, at_most(2));
      },
      [&] { return compare_one_way(both, options.messages); },
      [&] { return compare_populations(both, options.agents); }};
  for (const auto& part : parts)
    if (auto done = part(); !done || out.stopped()) return done;
  return {};
}

constexpr const char* bench_agents_footer =
    R"(troupe's agents beside bare CAF with as many workers, in the same process, round by round in turns:
  request          an agent asks another and waits for the answer (p50, p99)
  host_request     a thread that is no agent does, and blocks; bare CAF through a scoped actor
  one_way          an agent sends another messages that nobody answers
  starts           agents started, each by its first message; over when the last one was handled
  idle_agent       what each of these occupies afterwards: growth of the heap, and of the resident set

Examples:
  troupe bench agents
  troupe bench agents --policy stealing --repetitions 9
  troupe bench agents --json > agents.jsonl)";

void add_sizes(CLI::App& command, agents_bench_options& options) {
  const auto size = [&](const char* name, std::size_t& value, const char* help) {
    command.add_option(name, value, help)
        ->check(CLI::Range(1, 10'000'000))
        ->type_name("N")
        ->capture_default_str();
  };
  size("--requests", options.requests, "Requests between agents of one round");
  size("--host-requests", options.host_requests, "Requests from a host thread of one round");
  size("--messages", options.messages, "One-way messages of one round");
  size("--agents", options.agents, "Agents started in one round");
}

} // namespace

void add_bench_agents(CLI::App& bench, std::function<exit_code()>& chosen) {
  auto options = std::make_shared<agents_bench_options>();
  auto* command =
      bench.add_subcommand("agents", "What an agent and its messages cost, beside bare CAF");
  options->common.add_to(*command);
  command
      ->add_option("--workers", options->workers,
                   "Threads that run agents, on both sides; 0 for one per processor")
      ->check(CLI::Range(0, 1'024))
      ->type_name("N")
      ->capture_default_str();
  command->add_option("--policy", options->policy, "Scheduler of bare CAF; troupe has its own")
      ->check(CLI::IsMember({"sharing", "stealing"}).description(""))
      ->type_name("sharing|stealing")
      ->capture_default_str();
  add_sizes(*command, *options);
  command->footer(bench_agents_footer);
  run_bench_on_parse(*command, options, chosen, &bench_agents);
}

} // namespace troupe::cli
