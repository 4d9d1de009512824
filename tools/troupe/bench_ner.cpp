#include "tools/troupe/bench.hpp"
#include "tools/troupe/bench_data_option.hpp"
#include "tools/troupe/bench_host.hpp"
#include "tools/troupe/bench_ner_agent.hpp"
#include "tools/troupe/bench_ner_pool.hpp"
#include "tools/troupe/bench_ner_sweep.hpp"
#include "tools/troupe/bench_time.hpp"
#include "tools/troupe/models.hpp"
#include "tools/troupe/precision_option.hpp"

#include <algorithm>
#include <unordered_set>

namespace troupe::cli {

namespace {

struct ner_bench_options {
  bench_options common;
  bench_data_option data;
  precision_option precision;
  std::string model;
  std::size_t threads = 1;
  std::size_t texts = 2'000;
  std::size_t latency_texts = 100;
  ner_sweep sweep = ner_sweep::none;
  std::size_t sweep_tokens = 8'192;
};

/// One round's rates of the same texts.
struct ner_samples {
  std::vector<double> texts, texts_per_core, tokens, tokens_per_core;

  void add(double text_count, double token_count, const bench_time& took) {
    texts.push_back(text_count / took.wall_seconds);
    texts_per_core.push_back(text_count / took.cpu_seconds);
    tokens.push_back(token_count / took.wall_seconds);
    tokens_per_core.push_back(token_count / took.cpu_seconds);
  }
};

/// The texts of a run and what is known of them beforehand.
struct ner_workload {
  bench_texts data;
  /// As many as asked for: the first ones of `data`, from the start again where it has fewer.
  std::vector<std::string_view> texts;
  std::vector<bert::prepared_text> prepared;
  std::size_t distinct = 0;
  /// Special tokens counted.
  std::size_t tokens = 0;
};

result<ner_workload> make_workload(const ner_bench_options& options, const bert::ner_model& model) {
  auto data = options.data.read();
  if (!data) return tl::unexpected(std::move(data.error()));
  ner_workload work;
  work.data = std::move(*data);
  for (std::size_t i = 0; i < options.texts; ++i) {
    const auto& text = work.texts.emplace_back(work.data.texts[i % work.data.texts.size()]);
    auto prepared = model.prepare(text);
    if (!prepared) return tl::unexpected(std::move(prepared.error()));
    for (const auto& window : prepared->windows)
      work.tokens += window.size();
    work.prepared.push_back(std::move(*prepared));
  }
  work.distinct = std::unordered_set<std::string_view>{work.texts.begin(), work.texts.end()}.size();
  return work;
}

/// Sees to one model on one set of texts.
class ner_bench {
public:
  ner_bench(const ner_bench_options& options, figure_sink& out) : options_{options}, out_{out} {}

  result<void> run(const std::filesystem::path& model) {
    if (auto done = load(model); !done) return done;
    auto work = make_workload(options_, pool_->model());
    if (!work) return tl::unexpected(std::move(work.error()));
    work_ = std::move(*work);
    settings_ = {{"model", model.filename().string()}, {"engine", pool_->model().engine().name()},
                 {"data", work_.data.source},          {"texts", work_.texts.size()},
                 {"distinct_texts", work_.distinct},   {"tokens", work_.tokens},
                 {"threads", options_.threads}};
    put("load", "s", load_seconds_);
    if (auto done = rates(); !done || out_.stopped()) return done;
    if (auto done = latency(model); !done || out_.stopped()) return done;
    put("peak_resident", "MiB", {static_cast<double>(peak_resident_bytes()) / (1 << 20)});
    return {};
  }

private:
  /// Loads as often as there are rounds; the last one stays.
  result<void> load(const std::filesystem::path& model) {
    do {
      pool_.reset();
      const stopwatch timer;
      auto loaded = ner_pool::load(
          model, {.precision = options_.precision.value(), .workers = options_.threads});
      if (!loaded) return tl::unexpected(std::move(loaded.error()));
      load_seconds_.push_back(timer.elapsed().wall_seconds);
      pool_ = std::move(*loaded);
    } while (load_seconds_.size() < options_.common.repetitions && !out_.stopped());
    return {};
  }

  result<void> one_round(ner_samples& whole, ner_samples& engine) {
    const auto texts = static_cast<double>(work_.texts.size());
    const auto tokens = static_cast<double>(work_.tokens);
    const stopwatch whole_timer;
    if (const auto found = pool_->extract(work_.texts); !found)
      return tl::unexpected(found.error());
    whole.add(texts, tokens, whole_timer.elapsed());
    const stopwatch engine_timer;
    if (auto done = pool_->classify(work_.prepared); !done) return done;
    engine.add(texts, tokens, engine_timer.elapsed());
    return {};
  }

  result<void> rates() {
    ner_samples whole, engine, warm_up;
    if (auto done = one_round(warm_up, warm_up); !done) return done;
    while (whole.texts.size() < options_.common.repetitions && !out_.stopped())
      if (auto done = one_round(whole, engine); !done) return done;
    put("texts", "texts/s", whole.texts);
    put("texts.per_core_second", "texts/core-s", whole.texts_per_core);
    put("tokens", "tokens/s", whole.tokens);
    put("tokens.per_core_second", "tokens/core-s", whole.tokens_per_core);
    put("tokens.per_core_second.engine_alone", "tokens/core-s", engine.tokens_per_core);
    put("tokens.per_core_second.ratio", "ratio",
        ratios(whole.tokens_per_core, engine.tokens_per_core));
    return {};
  }

  /// One text at a time on one thread: through the library, then through an agent, as another agent and as a thread asks it.
  result<void> latency(const std::filesystem::path& model) {
    const auto agent = ner_agent::start(model, options_.precision.value(), options_.threads);
    if (!agent) return tl::unexpected(agent.error());
    std::vector<double> median, tail, cpu, through_agent, agent_more, host_more;
    while (median.size() < options_.common.repetitions && !out_.stopped()) {
      std::vector<double> processor;
      auto alone = one_by_one([&](std::string_view text) { return in_library(text, processor); });
      auto between = one_by_one([&](std::string_view text) { return (*agent)->from_agent(text); });
      auto from_host = one_by_one([&](std::string_view text) { return (*agent)->from_host(text); });
      for (const auto* each : {&alone, &between, &from_host})
        if (!*each) return tl::unexpected(each->error());
      median.push_back(quantile(*alone, 0.5));
      tail.push_back(quantile(*alone, 0.99));
      cpu.push_back(quantile(processor, 0.5));
      through_agent.push_back(quantile(*between, 0.5));
      agent_more.push_back(1e3 * median_difference(*between, *alone));
      host_more.push_back(1e3 * median_difference(*from_host, *alone));
    }
    put("latency.p50", "ms", median);
    put("latency.p99", "ms", tail);
    put("latency.p99_to_p50", "ratio", ratios(tail, median));
    put("latency.cpu.p50", "ms", cpu);
    put("latency.agent.p50", "ms", through_agent);
    put("latency.agent_more.p50", "us", agent_more);
    put("latency.host_more.p50", "us", host_more);
    return {};
  }

  /// Milliseconds of each text.
  template <class Extract>
  result<std::vector<double>> one_by_one(const Extract& extract) {
    std::vector<double> times;
    for (std::size_t i = 0; i < std::min(options_.latency_texts, work_.texts.size()); ++i) {
      const result<double> took = extract(work_.texts[i]);
      if (!took) return tl::unexpected(took.error());
      times.push_back(*took);
    }
    return times;
  }

  result<double> in_library(std::string_view text, std::vector<double>& processor) {
    const stopwatch timer;
    if (const auto found = pool_->extract({&text, 1}); !found) return tl::unexpected(found.error());
    const auto took = timer.elapsed();
    processor.push_back(took.cpu_seconds * 1e3);
    return took.wall_seconds * 1e3;
  }

  /// Of the same texts, text by text.
  static double median_difference(const std::vector<double>& of, const std::vector<double>& less) {
    std::vector<double> differences;
    for (std::size_t i = 0; i < of.size(); ++i)
      differences.push_back(of[i] - less[i]);
    return quantile(differences, 0.5);
  }

  void put(const char* name, const char* unit, std::vector<double> samples) {
    if (!samples.empty()) out_.put(summarise("ner", name, unit, std::move(samples), settings_));
  }

  const ner_bench_options& options_;
  figure_sink& out_;
  std::unique_ptr<ner_pool> pool_;
  std::vector<double> load_seconds_;
  ner_workload work_;
  bench_settings settings_;
};

result<void> bench_ner(const ner_bench_options& options, figure_sink& out) {
  const auto model = model_folder_or_default(options.model);
  if (!model) return tl::unexpected(model.error());
  if (options.sweep == ner_sweep::none) return ner_bench{options, out}.run(*model);
  const auto data = options.data.read();
  if (!data) return tl::unexpected(data.error());
  return sweep_ner(*model, *data,
                   {.over = options.sweep,
                    .precision = options.precision.value(),
                    .repetitions = options.common.repetitions,
                    .threads = options.threads,
                    .tokens = options.sweep_tokens},
                   out);
}

constexpr const char* bench_ner_footer =
    R"(From text to entities: tokenizer, model, decoding. Each thread runs batches of its own.
  load               the model from its folder to ready
  texts, tokens      per second, and per second of CPU time ("core-s"); tokens count [CLS] and [SEP]
  ... engine_alone   the model's arithmetic only, on texts tokenised before; the ratio says what is left of its rate
  latency            one text after the other, on one thread; "cpu" by CPU time
  latency.agent      the same as a request of one agent to an agent "ner.extract"; agent_more is the median over the
                     texts of what that takes longer, host_more of what a request of a thread that waits for it does.
                     With several --threads, all of them work on a text that is alone
  peak_resident      the most memory the process had

Equal texts are computed as often as they come, so that no figure owes anything to them; the settings say how many
distinct ones there are. 'troupe bench serve' runs the same pipeline for a driver that races engines.

With --sweep, tokens per second and per core-second along a curve instead, as sweep.NAME.VALUE:
  lengths            sentences of exactly 8, 16, ... 512 tokens, made up from the words of the data
  threads            1, 2, 4, ... up to --threads
  batch              batches of at most 64, 128, ... 4096 tokens

Examples:
  troupe bench ner
  troupe bench ner --sweep lengths --json
  troupe bench ner --data valid.txt --precision fp32 --threads 2 --json)";

void add_options(CLI::App& command, ner_bench_options& options) {
  options.common.add_to(command);
  options.data.add_to(command);
  command
      .add_option("--model", options.model,
                  "A Hugging Face folder of a BERT token-classification model\n"
                  "(default: ner-default)")
      ->type_name("DIR");
  options.precision.add_to(command);
  const auto size = [&](const char* name, std::size_t& value, std::size_t most, const char* help) {
    command.add_option(name, value, help)
        ->check(CLI::Range(std::size_t{1}, most).description(""))
        ->type_name("N")
        ->capture_default_str();
  };
  size("--threads", options.threads, 1'024, "Threads, each with batches of its own");
  size("--texts", options.texts, 1'000'000,
       "Texts of one round: the first N, repeated if there are fewer");
  size("--sweep-tokens", options.sweep_tokens, 100'000'000,
       "Tokens of one round of each point of a sweep");
  size("--latency-texts", options.latency_texts, 1'000'000,
       "Texts of a round that are timed one by one");
}

void add_sweep(CLI::App& command, ner_bench_options& options) {
  static const std::map<std::string, ner_sweep> sweeps{{"lengths", ner_sweep::lengths},
                                                       {"threads", ner_sweep::threads},
                                                       {"batch", ner_sweep::batch}};
  command
      .add_option("--sweep", options.sweep,
                  "Measure along a curve: sentence lengths, threads, or tokens per batch")
      ->transform(CLI::CheckedTransformer(sweeps).description(""))
      ->type_name("lengths|threads|batch");
}

} // namespace

void add_bench_ner(CLI::App& bench, std::function<exit_code()>& chosen) {
  auto options = std::make_shared<ner_bench_options>();
  auto* command = bench.add_subcommand("ner", "Texts and tokens per second, from text to entities");
  add_options(*command, *options);
  add_sweep(*command, *options);
  command->footer(bench_ner_footer);
  run_bench_on_parse(*command, options, chosen, &bench_ner);
}

} // namespace troupe::cli
