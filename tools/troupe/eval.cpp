#include "kernels/cpu/probe.hpp"
#include "tools/troupe/commands.hpp"
#include "tools/troupe/console.hpp"
#include "tools/troupe/eval_report.hpp"
#include "tools/troupe/eval_run.hpp"
#include "tools/troupe/precision_option.hpp"

#include <CLI/CLI.hpp>
#include <chrono>
#include <fmt/format.h>
#include <iostream>
#include <nlohmann/json.hpp>
#include <set>
#include <unistd.h>

namespace troupe::cli {

namespace {

using nlohmann::ordered_json;

struct eval_options {
  std::string model, data, format = "conll", context = "sentence", scheme = "auto";
  precision_option precision;
  std::size_t threads = 0;
  std::size_t window = 0;
  int digits = 4;
  bool strict = false, json = false;
};

/// A corpus with its tags in the spelling of iob2.
struct corpus {
  std::vector<bert::corpus_sentence> sentences;
  std::vector<bert::tag_sequence> truth;
  bert::tag_scheme scheme = bert::tag_scheme::iob2;
  std::size_t words = 0;
};

result<bert::tag_scheme> scheme_of(const std::vector<bert::corpus_sentence>& sentences,
                                   const eval_options& options) {
  if (options.scheme != "auto") return bert::parse_tag_scheme(options.scheme);
  auto found = bert::detect_scheme(sentences);
  if (!found)
    found.error().context = options.data + ": " + found.error().context + " with --scheme";
  return found;
}

result<corpus> load_corpus(const eval_options& options) {
  auto sentences = bert::load_conll(options.data);
  if (!sentences) return tl::unexpected(std::move(sentences.error()));
  const auto scheme = scheme_of(*sentences, options);
  if (!scheme) return tl::unexpected(scheme.error());
  corpus read{std::move(*sentences), {}, *scheme, 0};
  for (const auto& sentence : read.sentences) {
    // Tags of the model's own scheme stay as they are: strict counting wants to see its mistakes.
    auto tags = *scheme == bert::tag_scheme::iob2 ? result<bert::tag_sequence>{sentence.tags}
                                                  : bert::to_iob2(sentence.tags);
    if (!tags) return tl::unexpected(std::move(tags.error()));
    read.truth.push_back(std::move(*tags));
    read.words += sentence.words.size();
  }
  return read;
}

/// Types of the corpus that the model cannot find: a figure of 0 that is nobody's mistake.
void warn_of_unknown_types(const corpus& data, const bert::label_set& labels) {
  std::set<std::string, std::less<>> known;
  for (std::size_t i = 0; i < labels.size(); ++i)
    known.emplace(labels.tag(i));
  std::set<std::string> missing;
  for (const auto& tags : data.truth)
    for (const std::string& tag : tags)
      if (tag != "O" && tag.size() > 2 && !known.contains(tag.substr(2)))
        missing.insert(tag.substr(2));
  for (const auto& type : missing)
    print_warning(fmt::format("the model has no label for the type {} of the corpus", type));
}

/// Redraws one line on a terminal, nothing elsewhere.
class progress_line {
public:
  explicit progress_line(std::size_t total) : total_{total}, shown_{isatty(STDERR_FILENO) != 0} {}
  ~progress_line() {
    if (shown_) std::cerr << "\r\033[K" << std::flush;
  }
  progress_line(const progress_line&) = delete;
  progress_line& operator=(const progress_line&) = delete;

  void operator()(std::size_t done) const {
    if (shown_) std::cerr << fmt::format("\r\033[K{}/{} sentences", done, total_) << std::flush;
  }

private:
  std::size_t total_;
  bool shown_;
};

struct tagged {
  std::vector<bert::tag_sequence> tags;
  double seconds = 0;
};

result<std::optional<tagged>> tag(const std::shared_ptr<const bert::ner_model>& model,
                                  const corpus& data, const eval_options& options) {
  tagging_options how;
  how.document_context = options.context == "document";
  if (options.window != 0) how.windows.max_length = options.window;
  how.threads = options.threads != 0 ? options.threads : cpu::probe().processors;
  const progress_line line{data.sentences.size()};
  const auto start = std::chrono::steady_clock::now();
  auto tags = tag_corpus(model, data.sentences, how, std::cref(line));
  if (!tags) return tl::unexpected(std::move(tags.error()));
  if (!*tags) return std::nullopt;
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  return tagged{std::move(**tags), took.count()};
}

bool print_json(const eval_options& options, const corpus& data, const bert::ner_model& model,
                const tagged& found, const eval_report& report) {
  const ordered_json out{
      {"model", options.model},
      {"data", options.data},
      {"engine", model.engine().name()},
      {"precision", bert::to_string(model.engine().used_precision())},
      {"context", options.context},
      {"scheme", bert::to_string(data.scheme)},
      {"documents", data.sentences.back().document + 1},
      {"sentences", data.sentences.size()},
      {"words", data.words},
      {"seconds", found.seconds},
      {"entities",
       {{"default", to_json(report.entities)}, {"strict", to_json(report.strict_entities)}}},
      {"tokens", to_json(report.tokens)}};
  return print_line(out.dump());
}

bool print_text(const eval_options& options, const corpus& data, const bert::ner_model& model,
                const tagged& found, const eval_report& report) {
  const auto part = [&](std::string_view title, const bert::metrics_report& of) {
    return print_line(fmt::format("\n{}\n", title)) &&
           print_line(bert::to_text(of, options.digits));
  };
  return print_line(fmt::format(
             "{}: {} documents, {} sentences, {} words, tags {}\n{}: {}\n{:.1f} s, {:.0f} words/s",
             options.data, data.sentences.back().document + 1, data.sentences.size(), data.words,
             bert::to_string(data.scheme), options.model, model.engine().name(), found.seconds,
             static_cast<double>(data.words) / std::max(found.seconds, 1e-9))) &&
         part("Entities, counted as seqeval does", report.entities) &&
         (!options.strict || part("Entities, counted as seqeval does in mode strict (IOB2)",
                                  report.strict_entities)) &&
         part("Words", report.tokens);
}

exit_code evaluate(const eval_options& options) {
  const auto data = load_corpus(options);
  if (!data) return report(data.error());
  const auto model = bert::ner_model::load(
      options.model, {options.precision.value(), 1, "auto", {}, {}, bert::default_cache_dir()});
  if (!model) return report(model.error());
  for (const auto& warning : (*model)->engine().warnings())
    print_warning(warning);
  warn_of_unknown_types(*data, (*model)->labels());
  const auto found = tag(*model, *data, options);
  if (!found) return report(found.error());
  if (!*found) return report_interrupted();
  const auto figures = make_eval_report(data->truth, (*found)->tags);
  if (!figures) return report(figures.error());
  const auto print = options.json ? print_json : print_text;
  return print(options, *data, **model, **found, *figures) ? exit_code::ok : report_closed_output();
}

constexpr const char* eval_footer =
    R"(The file has a word per line: the word first, its tag (O, B-X, I-X, E-X, S-X) last, blanks between; an empty line ends
a sentence, a line -DOCSTART- begins a document. Words are given to the model as they are; the label of a word is that of
its first piece.

Examples:
  troupe eval --model models/ner-default --data valid.txt --precision fp32
  troupe eval --model models/ner-default --data valid.txt --context document --window 162
  troupe eval --model models/ner-default --data valid.txt --json | jq '.entities.default["micro avg"]')";

void add_reading_options(CLI::App& command, eval_options& options) {
  command.add_option("--model", options.model, "A Hugging Face folder of a token classifier")
      ->required()
      ->type_name("DIR");
  command.add_option("--data", options.data, "The labelled corpus")->required()->type_name("FILE");
  command.add_option("--format", options.format, "How the corpus is written")
      ->check(CLI::IsMember({"conll"}).description(""))
      ->type_name("conll")
      ->capture_default_str();
  command.add_option("--scheme", options.scheme, "How its tags spell entities")
      ->check(CLI::IsMember({"auto", "iob2", "iob1", "iobes"}).description(""))
      ->type_name("auto|iob2|iob1|iobes")
      ->capture_default_str();
  command
      .add_option("--context", options.context,
                  "What the model sees at once: a sentence, or sentences of one document\n"
                  "up to a full window")
      ->check(CLI::IsMember({"sentence", "document"}).description(""))
      ->type_name("sentence|document")
      ->capture_default_str();
  command
      .add_option("--window", options.window,
                  "Tokens of a window, special ones included; 0 for the model's own")
      ->check(CLI::Range(0, 1 << 20))
      ->type_name("N");
}

void add_running_options(CLI::App& command, eval_options& options) {
  options.precision.add_to(command);
  command.add_option("--threads", options.threads, "Worker threads; 0 for one per processor")
      ->check(CLI::Range(0, 1024))
      ->type_name("N");
  command.add_flag("--strict", options.strict, "Also count entities in seqeval's strict mode");
  command.add_option("--digits", options.digits, "Digits behind the point")
      ->check(CLI::Range(0, 15))
      ->type_name("N")
      ->capture_default_str();
  command.add_flag("--json", options.json, "One JSON object, with all reports in full precision");
}

} // namespace

void add_eval(CLI::App& app, action& chosen) {
  auto options = std::make_shared<eval_options>();
  auto* command =
      app.add_subcommand("eval", "Compare a model's labels with those of a labelled corpus");
  add_reading_options(*command, *options);
  add_running_options(*command, *options);
  command->footer(eval_footer);
  command->callback([options, &chosen] { chosen = [options] { return evaluate(*options); }; });
}

} // namespace troupe::cli
