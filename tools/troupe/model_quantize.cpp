#include "kernels/bert/safetensors.hpp"
#include "kernels/cpu/probe.hpp"
#include "tools/troupe/bench_texts.hpp"
#include "tools/troupe/cli_errc.hpp"
#include "tools/troupe/console.hpp"
#include "tools/troupe/model_commands.hpp"
#include "tools/troupe/quantize_search.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <iostream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <unistd.h>

namespace troupe::cli {

namespace {

using nlohmann::ordered_json;

struct quantize_options {
  std::string model, data, format = "auto";
  /// As people say them: per cent, and points of a hundred.
  double differing_percent = 0.5, f1_points = 0.15;
  std::size_t threads = 0;
  bool force = false, dry_run = false, json = false;

  [[nodiscard]] quantize_bounds bounds() const {
    return {differing_percent / 100, f1_points / 100};
  }
};

/// Lines as sentences of words that nobody labelled.
result<quantize_data> read_lines(const quantize_options& options) {
  const auto texts = read_bench_texts(options.data, text_format::lines);
  if (!texts) return tl::unexpected(texts.error());
  quantize_data read{options.data, {}, false};
  for (const auto& text : texts->texts) {
    bert::corpus_sentence sentence;
    std::istringstream words{text};
    for (std::string word; words >> word;)
      sentence.words.push_back(word);
    sentence.tags.assign(sentence.words.size(), "O");
    if (!sentence.words.empty()) read.sentences.push_back(std::move(sentence));
  }
  return read;
}

result<quantize_data> read_conll(const quantize_options& options) {
  auto sentences = bert::load_conll(options.data);
  if (!sentences) return tl::unexpected(std::move(sentences.error()));
  for (auto& sentence : *sentences) {
    auto tags = bert::to_iob2(sentence.tags);
    if (!tags) return tl::unexpected(std::move(tags.error()));
    sentence.tags = std::move(*tags);
  }
  return quantize_data{options.data, std::move(*sentences), true};
}

result<quantize_data> read_data(const quantize_options& options) {
  if (options.format == "lines") return read_lines(options);
  auto labelled = read_conll(options);
  if (labelled || options.format == "conll") return labelled;
  return read_lines(options);
}

ordered_json to_json(const quantize_outcome& outcome) {
  ordered_json out{{"differing_spans", outcome.differing_spans}};
  if (outcome.f1) out["f1"] = *outcome.f1;
  if (outcome.f1_loss) out["f1_loss"] = *outcome.f1_loss;
  out["kept"] = ordered_json::array();
  for (const auto& name : outcome.kept)
    out["kept"].push_back(to_string(name));
  return out;
}

bool print_json(const quantize_options& options, const quantize_data& data,
                const quantize_result& found, bool written) {
  ordered_json out{{"model", options.model},
                   {"data", data.source},
                   {"sentences", data.sentences.size()},
                   {"labelled", data.labelled},
                   {"spans", found.spans}};
  if (found.f1_of_fp32) out["f1_of_fp32"] = *found.f1_of_fp32;
  out["within_bounds"] = found.best.within(options.bounds());
  out["written"] = written;
  out["result"] = to_json(found.best);
  out["tried"] = ordered_json::array();
  for (const auto& each : found.tried)
    out["tried"].push_back(to_json(each));
  return print_line(out.dump(-1, ' ', false, ordered_json::error_handler_t::replace));
}

bool print_text(const quantize_options& options, const quantize_data& data,
                const quantize_result& found, bool written) {
  table lines{{"IN A BETTER TYPE", "SPANS THAT DIFFER", "F1", "LOSS"}, {1, 2, 3}};
  for (const auto& each : found.tried)
    lines.add({each.kept.empty() ? "none" : std::to_string(each.kept.size()),
               fmt::format("{:.3f} %", each.differing_spans * 100),
               each.f1 ? fmt::format("{:.2f}", *each.f1 * 100) : "-",
               each.f1_loss ? fmt::format("{:.3f}", *each.f1_loss * 100) : "-"});
  std::string kept;
  for (const auto& name : found.best.kept)
    kept += (kept.empty() ? "\nin a better type: " : ", ") + to_string(name);
  return print_line(fmt::format("{}: {} sentences, {} spans in fp32{}", data.source,
                                data.sentences.size(), found.spans,
                                found.f1_of_fp32
                                    ? fmt::format(", F1 {:.2f}", *found.f1_of_fp32 * 100)
                                    : std::string{})) &&
         lines.print() &&
         print_line(fmt::format("{}{}",
                                written ? options.model + "/quantization.json is written"
                                        : std::string{"nothing is written"},
                                kept));
}

result<void> write(const quantize_options& options, const quantize_data& data,
                   const quantize_outcome& best) {
  const auto files = bert::checkpoint::open(options.model);
  if (!files) return tl::unexpected(files.error());
  const auto fingerprint = bert::fingerprint_of(files->files());
  if (!fingerprint) return tl::unexpected(fingerprint.error());
  return bert::save_quantization(options.model, {*fingerprint, best.kept, data.source,
                                                 data.sentences.size(), best.differing_spans,
                                                 best.f1_loss, !best.within(options.bounds())});
}

exit_code quantize(const quantize_options& options) {
  const auto data = read_data(options);
  if (!data) return report(data.error());
  if (data->sentences.empty())
    return report(error{make_error_code(cli_errc::bad_input), options.data + " has no texts"});
  const bool shown = isatty(STDERR_FILENO) != 0;
  const std::function<void(const std::string&)> say = [shown](const std::string& what) {
    if (shown) std::cerr << "\r\033[K" << what << std::flush;
  };
  const auto threads = options.threads != 0 ? options.threads : cpu::probe().processors;
  const auto found = search_quantization(options.model, *data, options.bounds(), threads, say);
  say("");
  if (!found) return report(found.error());
  if (!*found) return report_interrupted();
  const auto& best = (*found)->best;
  const bool good = best.within(options.bounds()),
             written = (good || options.force) && !options.dry_run;
  if (written)
    if (const auto done = write(options, *data, best); !done) return report(done.error());
  const auto print = options.json ? print_json : print_text;
  if (!print(options, *data, **found, written)) return report_closed_output();
  if (good || options.force) return exit_code::ok;
  return report(
      error{make_error_code(cli_errc::bad_input),
            fmt::format("int8 changes {:.3f} % of the spans{}, more than the bounds allow; "
                        "raise --max-differing or --max-f1-loss, or say --force",
                        best.differing_spans * 100,
                        best.f1_loss ? fmt::format(" and loses {:.3f} F1", *best.f1_loss * 100)
                                     : std::string{})});
}

constexpr const char* quantize_footer =
    R"(Runs the model over the data in fp32 and in int8 (weights with a scale per output, activations with a scale per token) and
compares the spans, and F1 where the data has labels. Where int8 costs more than the bounds, it looks for the products that
suffer most and computes those in bf16 (fp32 where the processor has no bf16), more of them until the bounds are kept, half
of all at most. Then quantization.json in the model's folder says so: --precision int8 takes the products from there, and
--precision auto chooses int8 where the processor has products for it. The weights stay as they are.

The data is a file of CoNLL columns (word first, tag last) or of texts, one per line. Exit status 1 when the bounds cannot be
kept; with --force the file is written nevertheless, but auto does not trust it.

Examples:
  troupe model quantize models/ner-default --check valid.txt
  troupe model quantize my-model --check mails.txt --max-differing 1 --json)";

} // namespace

void add_model_quantize(CLI::App& model, action& chosen) {
  auto options = std::make_shared<quantize_options>();
  auto* command = model.add_subcommand("quantize", "Prove on data what int8 costs a model");
  command->add_option("MODEL", options->model, "A Hugging Face folder of a token classifier")
      ->required()
      ->type_name("DIR");
  command->add_option("--check", options->data, "Data to prove it on")
      ->required()
      ->type_name("FILE");
  command->add_option("--format", options->format, "How FILE reads; auto looks at it")
      ->check(CLI::IsMember({"auto", "conll", "lines"}).description(""))
      ->type_name("auto|conll|lines")
      ->capture_default_str();
  command
      ->add_option("--max-differing", options->differing_percent,
                   "Spans that may differ, per cent of those in fp32")
      ->check(CLI::Range(0.0, 100.0))
      ->type_name("PERCENT")
      ->capture_default_str();
  command->add_option("--max-f1-loss", options->f1_points, "Loss of F1, in points of a hundred")
      ->check(CLI::Range(0.0, 100.0))
      ->type_name("POINTS")
      ->capture_default_str();
  command->add_option("--threads", options->threads, "Worker threads; 0 for one per processor")
      ->check(CLI::Range(0, 1024))
      ->type_name("N");
  command->add_flag("--force", options->force, "Write the file beyond the bounds, too");
  command->add_flag("--dry-run", options->dry_run, "Write nothing");
  command->add_flag("--json", options->json,
                    "One JSON object: {\"differing_spans\",\"f1_loss\",\"kept\",\"tried\",...}");
  command->footer(quantize_footer);
  command->callback([options, &chosen] { chosen = [options] { return quantize(*options); }; });
}

} // namespace troupe::cli
