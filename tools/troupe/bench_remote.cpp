#include "tools/troupe/bench.hpp"
#include "tools/troupe/bench_folder.hpp"
#include "tools/troupe/bench_remote_subject.hpp"
#include "tools/troupe/cli_errc.hpp"

#include <array>
#include <functional>
#include <numeric>
#include <thread>

namespace troupe::cli {

namespace {

struct remote_bench_options {
  bench_options common{.repetitions = 7};
  std::size_t workers = 0;
  std::size_t message_bytes = 100;
  std::size_t requests = 5'000;
  std::size_t messages = 300'000;
  std::size_t payloads = 200;
  std::filesystem::path folder;
};

constexpr std::size_t large_payload = std::size_t{1} << 20;

/// The samples of one quantity: one per round for troupe, one for bare gRPC.
struct remote_samples {
  std::vector<double> ours, bare;

  void add(double value, bool is_ours) { (is_ours ? ours : bare).push_back(value); }
};

/// Nodes of troupe and bare gRPC, and how they are compared.
class remote_comparison {
public:
  remote_comparison(const remote_bench_options& options, figure_sink& out)
      : options_{options}, out_{out} {}

  [[nodiscard]] result<void> start(const remote_certificates& with) {
    auto ours = troupe_nodes(with, options_.workers, options_.message_bytes);
    if (!ours) return tl::unexpected(ours.error());
    auto bare = bare_grpc_stream(with);
    if (!bare) return tl::unexpected(bare.error());
    ours_ = std::move(*ours);
    bare_ = std::move(*bare);
    return {};
  }

  /// Lets both measure in turns, changing who begins, until all rounds are done or the sink stops.
  /// @param measure `measure(subject, is_ours)` adds the samples of one round of one subject.
  template <class Measure>
  [[nodiscard]] result<void> rounds(Measure measure) {
    for (std::size_t round = 0; round < options_.common.repetitions && !out_.stopped(); ++round)
      for (const bool ours : {round % 2 == 0, round % 2 != 0})
        if (const auto done = measure(ours ? *ours_ : *bare_, ours); !done)
          return tl::unexpected(done.error());
    return {};
  }

  /// Puts three figures: `name`, `name`.bare_grpc and `name`.ratio (ours / bare).
  void put(const std::string& name, const char* unit, const remote_samples& found,
           bench_settings settings, std::optional<bench_goal> ratio_goal = {}) {
    if (found.ours.empty()) return;
    settings.insert(settings.begin(), {"workers", options_.workers});
    out_.put(summarise("remote", name, unit, found.ours, settings));
    out_.put(summarise("remote", name + ".bare_grpc", unit, found.bare, settings));
    out_.put(summarise("remote", name + ".ratio", "ratio", ratios(found.ours, found.bare), settings,
                       ratio_goal));
  }

  [[nodiscard]] const remote_bench_options& options() const { return options_; }
  [[nodiscard]] remote_subject& ours() { return *ours_; }

private:
  const remote_bench_options& options_;
  figure_sink& out_;
  std::unique_ptr<remote_subject> ours_, bare_;
};

/// Of the microseconds of one round trip after the other.
double megabytes_per_second(const std::vector<double>& microseconds, std::size_t bytes) {
  const double all = std::accumulate(microseconds.begin(), microseconds.end(), 0.0);
  return static_cast<double>(bytes) * static_cast<double>(microseconds.size()) / all;
}

result<void> compare_remote_requests(remote_comparison& both) {
  const auto& options = both.options();
  remote_samples median, tail, cpu;
  auto done = both.rounds([&](remote_subject& subject, bool ours) -> result<void> {
    const stopwatch timer;
    auto microseconds = subject.requests(options.requests, options.message_bytes);
    if (!microseconds) return tl::unexpected(microseconds.error());
    cpu.add(timer.elapsed().cpu_seconds * 1e6 / static_cast<double>(options.requests), ours);
    median.add(quantile(*microseconds, 0.5), ours);
    tail.add(quantile(*microseconds, 0.99), ours);
    return {};
  });
  if (!done) return done;
  const bench_settings settings{{"requests_per_round", options.requests},
                                {"message_bytes", options.message_bytes}};
  both.put("request.p50", "us", median, settings, at_most(1.6));
  both.put("request.p99", "us", tail, settings);
  both.put("request.cpu", "us", cpu, settings);
  return {};
}

result<void> compare_remote_one_way(remote_comparison& both) {
  const auto& options = both.options();
  // The frames that the load gives are known after a round, and bare gRPC sends such.
  auto found = both.ours().one_way(options.messages, {});
  if (!found) return tl::unexpected(found.error());
  auto frames = found->frames;
  remote_samples by_clock, by_cpu;
  std::vector<double> batches;
  auto done = both.rounds([&](remote_subject& subject, bool ours) -> result<void> {
    const auto round = subject.one_way(options.messages, frames);
    if (!round) return tl::unexpected(round.error());
    by_clock.add(round->rate.per_second, ours);
    by_cpu.add(round->rate.per_core_second, ours);
    if (ours) batches.push_back((frames = round->frames).messages);
    return {};
  });
  if (!done || batches.empty()) return done;
  const bench_settings settings{{"messages_per_round", options.messages},
                                {"message_bytes", options.message_bytes},
                                {"messages_per_frame", quantile(batches, 0.5)}};
  both.put("one_way", "messages/s", by_clock, settings, at_least(0.5));
  both.put("one_way.per_core_second", "messages/core-s", by_cpu, settings);
  return {};
}

result<void> compare_remote_payloads(remote_comparison& both) {
  const auto& options = both.options();
  remote_samples rate;
  auto done = both.rounds([&](remote_subject& subject, bool ours) -> result<void> {
    const auto microseconds = subject.requests(options.payloads, large_payload);
    if (!microseconds) return tl::unexpected(microseconds.error());
    rate.add(megabytes_per_second(*microseconds, large_payload), ours);
    return {};
  });
  if (!done) return done;
  both.put("payload_1mib", "MB/s", rate, {{"requests_per_round", options.payloads}}, at_least(0.6));
  return {};
}

result<void> bench_remote(const remote_bench_options& given, figure_sink& out) {
  auto options = given;
  if (options.workers == 0) options.workers = std::max(1U, std::thread::hardware_concurrency());
  const scratch_folder folder{options.folder};
  if (folder.path().empty())
    return fail(cli_errc::bench_failed,
                "cannot make a folder for certificates; give one (--folder)");
  const auto certificates = remote_certificates::make(folder.path());
  if (!certificates) return tl::unexpected(certificates.error());
  remote_comparison both{options, out};
  if (auto started = both.start(*certificates); !started) return started;
  for (const auto& part :
       {compare_remote_requests, compare_remote_one_way, compare_remote_payloads})
    if (auto done = part(both); !done || out.stopped()) return done;
  return {};
}

constexpr const char* bench_remote_footer =
    R"(Messages between agents of two nodes over loopback: envelope, mutual TLS, ingress check and all. Both nodes, each with agents,
fabric and certificates of its own, are in this process, and so is what they are compared with: one gRPC stream under
mutual TLS between two ends, with the same settings, a thread at each end, and no more than bytes. Round by round in turns.
  request          an agent asks one of the other node and waits for the answer (p50, p99; cpu: of the process, for one)
  one_way          one node sends agents of the other messages that nobody answers, as fast as its fabric takes them. Bare
                   gRPC sends as many in frames as large and as full as the load gave (messages_per_frame)
  payload_1mib     an agent asks with 1 MiB and gets it back, one after the other; counted once

Bare caf::openssl is not among them: the CAF that troupe is built with has no such module.

Examples:
  troupe bench remote
  troupe bench remote --messages 1000000 --repetitions 9
  troupe bench remote --json > remote.jsonl)";

void add_remote_sizes(CLI::App& command, remote_bench_options& options) {
  const auto size = [&](const char* name, std::size_t& value, std::size_t most, const char* help) {
    command.add_option(name, value, help)
        ->check(CLI::Range(std::size_t{1}, most))
        ->type_name("N")
        ->capture_default_str();
  };
  size("--message-bytes", options.message_bytes, 65'536, "Payload of a request or message, bytes");
  size("--requests", options.requests, 10'000'000, "Requests of one round");
  size("--messages", options.messages, 100'000'000, "One-way messages of one round");
  size("--payloads", options.payloads, 100'000, "Requests with 1 MiB of one round");
}

} // namespace

void add_bench_remote(CLI::App& bench, std::function<exit_code()>& chosen) {
  auto options = std::make_shared<remote_bench_options>();
  auto* command = bench.add_subcommand(
      "remote", "What messages between agents of two nodes cost, beside bare gRPC");
  options->common.add_to(*command);
  command
      ->add_option("--workers", options->workers,
                   "Threads that run agents, on each node; 0 for one per processor")
      ->check(CLI::Range(0, 1'024))
      ->type_name("N")
      ->capture_default_str();
  add_remote_sizes(*command, *options);
  command
      ->add_option("--folder", options->folder,
                   "Where certificates are made for a while (default: here)")
      ->check(CLI::ExistingDirectory.description(""))
      ->type_name("DIR");
  command->footer(bench_remote_footer);
  run_bench_on_parse(*command, options, chosen, &bench_remote);
}

} // namespace troupe::cli
