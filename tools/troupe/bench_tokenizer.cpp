#include "kernels/text/encode_batch.hpp"
#include "kernels/text/wordpiece.hpp"
#include "tools/troupe/bench.hpp"
#include "tools/troupe/bench_data_option.hpp"
#include "tools/troupe/bench_time.hpp"
#include "tools/troupe/models.hpp"

#include <algorithm>
#include <span>
#include <string_view>

namespace troupe::cli {

namespace {

struct tokenizer_bench_options {
  bench_options common;
  bench_data_option data;
  std::string model;
  std::size_t megabytes = 4;
  std::size_t threads = 1;
};

/// Megabytes are of 1,000,000 bytes.
constexpr double bytes_per_megabyte = 1e6;

/// [CLS], [SEP]
constexpr std::size_t added_specials = 2;

/// Times that a cold round reads the texts at most: each forgets anew.
constexpr std::size_t max_cold_passes = 20;

/// Most bytes of text whose tokens are held at once.
constexpr std::size_t max_batch_bytes = 4'000'000;

/// Tokenises all texts. @returns their word pieces, special tokens not counted.
std::size_t tokenize_all(const text::wordpiece_tokenizer& tokenizer,
                         const std::vector<std::string>& texts) {
  text::encoding tokens;
  std::size_t pieces = 0;
  for (const auto& text : texts) {
    tokenizer.encode_into(text, tokens);
    pieces += tokens.size() - added_specials;
  }
  return pieces;
}

/// The same `passes` times, as batches on several threads. @param encodings reused by all rounds. @returns the errors of
/// `encode_batch`.
result<std::size_t> tokenize_batches(const text::wordpiece_tokenizer& tokenizer,
                                     const bench_texts& data, std::size_t passes,
                                     std::size_t threads, std::vector<text::encoding>& encodings) {
  const std::size_t at_once = std::clamp<std::size_t>(max_batch_bytes / data.bytes(), 1, passes);
  std::vector<std::string_view> texts;
  for (std::size_t i = 0; i < at_once; ++i)
    texts.insert(texts.end(), data.texts.begin(), data.texts.end());
  std::size_t pieces = 0;
  for (std::size_t left = passes; left > 0;) {
    const std::size_t now = std::min(left, at_once);
    if (auto done = text::encode_batch(tokenizer, std::span{texts}.first(now * data.texts.size()),
                                       threads, encodings);
        !done)
      return tl::unexpected(done.error());
    for (const auto& tokens : encodings)
      pieces += tokens.size() - added_specials;
    left -= now;
  }
  return pieces;
}

/// Rates of the rounds.
struct tokenizer_samples {
  std::vector<double> tokens, tokens_per_core, megabytes, megabytes_per_core;

  void add(double token_count, double byte_count, const bench_time& took) {
    tokens.push_back(token_count / took.wall_seconds);
    tokens_per_core.push_back(token_count / took.cpu_seconds);
    megabytes.push_back(byte_count / bytes_per_megabyte / took.wall_seconds);
    megabytes_per_core.push_back(byte_count / bytes_per_megabyte / took.cpu_seconds);
  }

  /// @param prefix of the figures' names.
  void put(figure_sink& out, const std::string& prefix, const bench_settings& settings) const {
    const auto put_one = [&](const char* name, const char* unit, const auto& samples) {
      if (!samples.empty()) out.put(summarise("tokenizer", prefix + name, unit, samples, settings));
    };
    put_one("tokens", "tokens/s", tokens);
    put_one("tokens.per_core_second", "tokens/core-s", tokens_per_core);
    put_one("bytes", "MB/s", megabytes);
    put_one("bytes.per_core_second", "MB/core-s", megabytes_per_core);
  }
};

/// One pass after another on this thread, each after it has forgotten the words of the one before.
void add_cold_round(const text::wordpiece_tokenizer& tokenizer, const bench_texts& data,
                    std::size_t passes, tokenizer_samples& into) {
  std::size_t pieces = 0;
  bench_time took;
  for (std::size_t pass = 0; pass < passes; ++pass) {
    text::wordpiece_tokenizer::forget_words();
    const stopwatch timer;
    pieces += tokenize_all(tokenizer, data.texts);
    const auto [wall, cpu] = timer.elapsed();
    took.wall_seconds += wall;
    took.cpu_seconds += cpu;
  }
  into.add(static_cast<double>(pieces), static_cast<double>(passes * data.bytes()), took);
}

result<void> add_warm_round(const text::wordpiece_tokenizer& tokenizer, const bench_texts& data,
                            std::size_t passes, std::size_t threads,
                            std::vector<text::encoding>& encodings, tokenizer_samples& into) {
  const stopwatch timer;
  std::size_t pieces = 0;
  if (threads == 1) {
    for (std::size_t pass = 0; pass < passes; ++pass)
      pieces += tokenize_all(tokenizer, data.texts);
  } else {
    const auto found = tokenize_batches(tokenizer, data, passes, threads, encodings);
    if (!found) return tl::unexpected(found.error());
    pieces = *found;
  }
  into.add(static_cast<double>(pieces), static_cast<double>(passes * data.bytes()),
           timer.elapsed());
  return {};
}

result<text::wordpiece_tokenizer> load_tokenizer(const std::string& folder) {
  if (!folder.empty()) return text::wordpiece_tokenizer::load(folder);
  const auto models = models_folder();
  if (!models) return tl::unexpected(models.error());
  return text::wordpiece_tokenizer::load(*models / "ner-default");
}

result<void> bench_tokenizer(const tokenizer_bench_options& options, figure_sink& out) {
  const auto tokenizer = load_tokenizer(options.model);
  if (!tokenizer) return tl::unexpected(tokenizer.error());
  const auto data = options.data.read();
  if (!data) return tl::unexpected(data.error());
  const std::size_t bytes = data->bytes();
  const std::size_t passes =
      options.megabytes * static_cast<std::size_t>(bytes_per_megabyte) / bytes + 1;
  const std::size_t cold_passes = std::min(passes, max_cold_passes);
  tokenizer_samples warm, cold;
  std::vector<text::encoding> encodings;
  if (options.threads == 1)
    static_cast<void>(tokenize_all(*tokenizer, data->texts));
  else if (auto done = tokenize_batches(*tokenizer, *data, passes, options.threads, encodings);
           !done)
    return tl::unexpected(done.error());
  for (std::size_t round = 0; round < options.common.repetitions && !out.stopped(); ++round) {
    add_cold_round(*tokenizer, *data, cold_passes, cold);
    if (auto done = add_warm_round(*tokenizer, *data, passes, options.threads, encodings, warm);
        !done)
      return done;
  }
  const auto settings = [&](std::size_t times, std::size_t threads) {
    return bench_settings{{"data", data->source},
                          {"texts", data->texts.size()},
                          {"passes", times},
                          {"megabytes", static_cast<double>(bytes * times) / bytes_per_megabyte},
                          {"threads", threads}};
  };
  warm.put(out, "", settings(passes, options.threads));
  cold.put(out, "cold.", settings(cold_passes, 1));
  return {};
}

constexpr const char* bench_tokenizer_footer =
    R"(Splits the texts into word pieces with ids, byte offsets and word ids, over and over until a round has read --megabytes:
one by one on one thread, or as batches on --threads. Tokens are word pieces without [CLS] and [SEP]; MB are 1,000,000 bytes
of UTF-8. Figures under "cold" are of one thread that reads all texts once (at most twenty times) and before has forgotten
the words of several pieces that it remembers.

Examples:
  troupe bench tokenizer
  troupe bench tokenizer --threads 2 --megabytes 100
  troupe bench tokenizer --data valid.txt --format conll --json)";

} // namespace

void add_bench_tokenizer(CLI::App& bench, std::function<exit_code()>& chosen) {
  auto options = std::make_shared<tokenizer_bench_options>();
  auto* command = bench.add_subcommand("tokenizer", "Tokens and megabytes per second");
  options->common.add_to(*command);
  options->data.add_to(*command);
  command
      ->add_option("--model", options->model,
                   "Folder with vocab.txt and tokenizer_config.json\n(default: ner-default)")
      ->type_name("DIR");
  command->add_option("--megabytes", options->megabytes, "Text of one round")
      ->check(CLI::Range(1, 10'000))
      ->type_name("N")
      ->capture_default_str();
  command->add_option("--threads", options->threads, "Threads that share the texts of a batch")
      ->check(CLI::Range(1, 1'024))
      ->type_name("N")
      ->capture_default_str();
  command->footer(bench_tokenizer_footer);
  run_bench_on_parse(*command, options, chosen, &bench_tokenizer);
}

} // namespace troupe::cli
