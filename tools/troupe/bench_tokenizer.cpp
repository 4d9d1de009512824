#include "kernels/text/wordpiece.hpp"
#include "tools/troupe/bench.hpp"
#include "tools/troupe/bench_data_option.hpp"
#include "tools/troupe/bench_time.hpp"
#include "tools/troupe/models.hpp"

namespace troupe::cli {

namespace {

struct tokenizer_bench_options {
  bench_options common;
  bench_data_option data;
  std::string model;
  std::size_t megabytes = 4;
};

/// Megabytes are of 1,000,000 bytes.
constexpr double bytes_per_megabyte = 1e6;

/// Tokenises all texts `passes` times. @returns their word pieces, special tokens not counted.
std::size_t tokenize_all(const text::wordpiece_tokenizer& tokenizer,
                         const std::vector<std::string>& texts, std::size_t passes) {
  constexpr std::size_t special_tokens = 2; // [CLS], [SEP]
  std::size_t pieces = 0;
  for (std::size_t pass = 0; pass < passes; ++pass)
    for (const auto& text : texts)
      pieces += tokenizer.encode(text).size() - special_tokens;
  return pieces;
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
  const auto bytes = static_cast<double>(data->bytes());
  const auto passes = static_cast<std::size_t>(
      static_cast<double>(options.megabytes) * bytes_per_megabyte / bytes + 1);
  const double megabytes = bytes * static_cast<double>(passes) / bytes_per_megabyte;
  std::vector<double> per_second, per_core_second, megabytes_per_second, megabytes_per_core_second;
  static_cast<void>(tokenize_all(*tokenizer, data->texts, 1));
  while (per_second.size() < options.common.repetitions && !out.stopped()) {
    const stopwatch timer;
    const auto pieces = static_cast<double>(tokenize_all(*tokenizer, data->texts, passes));
    const auto [wall, cpu] = timer.elapsed();
    per_second.push_back(pieces / wall);
    per_core_second.push_back(pieces / cpu);
    megabytes_per_second.push_back(megabytes / wall);
    megabytes_per_core_second.push_back(megabytes / cpu);
  }
  if (per_second.empty()) return {};
  const bench_settings settings{{"data", data->source},
                                {"texts", data->texts.size()},
                                {"passes", passes},
                                {"megabytes", megabytes},
                                {"threads", 1}};
  out.put(summarise("tokenizer", "tokens", "tokens/s", per_second, settings));
  out.put(
      summarise("tokenizer", "tokens.per_core_second", "tokens/core-s", per_core_second, settings));
  out.put(summarise("tokenizer", "bytes", "MB/s", megabytes_per_second, settings));
  out.put(summarise("tokenizer", "bytes.per_core_second", "MB/core-s", megabytes_per_core_second,
                    settings));
  return {};
}

constexpr const char* bench_tokenizer_footer =
    R"(One thread splits the texts into word pieces with ids, offsets and word ids, over and over until a round has read
--megabytes. Tokens are word pieces without [CLS] and [SEP]; MB are 1,000,000 bytes of UTF-8.

Examples:
  troupe bench tokenizer
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
  command->footer(bench_tokenizer_footer);
  run_bench_on_parse(*command, options, chosen, &bench_tokenizer);
}

} // namespace troupe::cli
