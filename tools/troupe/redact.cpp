#include "actors/agents/pii_rules.hpp"
#include "actors/pii/defaults.hpp"
#include "actors/workflow/diagnostic.hpp"
#include "kernels/bert/config.hpp"
#include "tools/troupe/cli_errc.hpp"
#include "tools/troupe/commands.hpp"
#include "tools/troupe/console.hpp"
#include "tools/troupe/models.hpp"
#include "tools/troupe/precision_option.hpp"
#include "tools/troupe/redact_input.hpp"
#include "tools/troupe/redact_json.hpp"
#include "tools/troupe/redact_run.hpp"
#include "tools/troupe/text_options.hpp"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <memory>
#include <optional>

namespace troupe::cli {

namespace {

struct redact_options {
  text_options texts;
  precision_option precision;
  bool mask = false;
  bool pseudonyms = false;
  std::string key;
  std::vector<std::string> labels;
  std::optional<double> min_score;
  std::vector<std::string> thresholds;
  bool thorough = false;
  std::size_t threads = 0;
  bool json = false;
};

/// The key as the option or the environment gives it.
std::string key_of(const redact_options& options) {
  if (!options.key.empty()) return options.key;
  const char* named = std::getenv("TROUPE_PSEUDONYM_KEY");
  return named ? named : "";
}

/// The labels of the model in `folder`.
result<std::vector<std::string>> labels_of(const std::filesystem::path& folder) {
  const auto config = bert::load_config(folder);
  if (!config) return tl::unexpected(config.error());
  std::vector<std::string> labels;
  for (const auto& tag : config->labels)
    if (tag.starts_with("B-")) labels.push_back(tag.substr(2));
  return labels;
}

/// A label that nothing finds would leave everything in the text, so it is a mistake.
result<void> check_label(std::string_view option, const std::string& label,
                         const std::vector<std::string>& known) {
  if (std::ranges::find(known, label) != known.end()) return {};
  return fail(cli_errc::bad_option,
              fmt::format("{}: there is no label {}{}; all are: {}", option, label,
                          workflow::suggestion(label, known), fmt::join(known, ", ")));
}

/// LABEL=X of --threshold.
result<std::pair<std::string, double>> parse_threshold(const std::string& given) {
  const auto sign = given.find('=');
  double score = -1;
  if (sign != given.npos) {
    const auto* end = given.data() + given.size();
    const auto read = std::from_chars(given.data() + sign + 1, end, score);
    if (read.ec != std::errc{} || read.ptr != end) score = -1;
  }
  if (!(score >= 0.0 && score <= 1.0))
    return fail(cli_errc::bad_option,
                fmt::format("--threshold: '{}' is not LABEL=SCORE with a score from 0 to 1, as in "
                            "SURNAME=0.3",
                            given));
  return std::pair{given.substr(0, sign), score};
}

/// What the options ask for. @param by_model the labels of the first model.
result<pii::settings> wanted_settings(const redact_options& options,
                                      const std::vector<std::string>& by_model) {
  auto known = agents::rule_labels();
  known.insert(known.end(), by_model.begin(), by_model.end());
  known.emplace_back(pii::name_label);
  std::ranges::sort(known);
  known.erase(std::unique(known.begin(), known.end()), known.end());
  pii::settings wanted;
  wanted.labels = options.labels;
  wanted.threshold = options.min_score;
  wanted.thorough = options.thorough;
  for (const auto& label : options.labels)
    if (auto good = check_label("--labels", label, known); !good)
      return tl::unexpected(std::move(good.error()));
  for (const auto& given : options.thresholds) {
    auto threshold = parse_threshold(given);
    if (!threshold) return tl::unexpected(std::move(threshold.error()));
    if (auto good = check_label("--threshold", threshold->first, known); !good)
      return tl::unexpected(std::move(good.error()));
    wanted.thresholds[threshold->first] = threshold->second;
  }
  return wanted;
}

/// The models that can find what is wanted.
result<pii::models> models_for(const redact_options& options, const pii::settings& wanted,
                               const std::vector<std::string>& by_model,
                               const std::filesystem::path& folder) {
  const auto rules = agents::rule_labels();
  // What rules and a model both find is the rules' when nothing else is asked of the model.
  const bool asks_pii =
      wanted.labels.empty() || std::ranges::any_of(wanted.labels, [&](const std::string& label) {
        return std::ranges::find(by_model, label) != by_model.end() &&
               std::ranges::find(rules, label) == rules.end();
      });
  bert::engine_options how;
  how.wanted = options.precision.value();
  how.cache_dir = bert::default_cache_dir();
  return pii::load_models(
      asks_pii ? folder / "pii-rampart" : std::filesystem::path{},
      wanted.wants(pii::name_label) ? folder / "ner-default" : std::filesystem::path{}, how);
}

pii::stream_options stream_options_of(const redact_options& options, pii::settings wanted) {
  const replacement_style style{options.pseudonyms, options.key};
  const bool by_file = options.texts.unit == text_unit::file;
  pii::stream_options how{.wanted = std::move(wanted), .threads = options.threads, .writer = {}};
  how.writer = [style, by_file,
                json = options.json](const pii::text_block&) -> std::unique_ptr<pii::block_writer> {
    if (json) return make_redaction_json(style, by_file);
    return std::make_unique<pii::redacted_text_writer>(style.pseudonyms, style.key, by_file);
  };
  return how;
}

block_shape shape_of(const redact_options& options) {
  if (!options.json) return block_shape::lines;
  return options.texts.unit == text_unit::file ? block_shape::files : block_shape::whole_lines;
}

exit_code redact(redact_options options) {
  // Not CLI11's envname: a variable that is always set would forbid plain masks.
  if (options.pseudonyms) options.key = key_of(options);
  if (options.pseudonyms && options.key.empty()) {
    print_error("pseudonyms need a secret, or anybody could guess the values; give --key SECRET or "
                "set TROUPE_PSEUDONYM_KEY");
    return exit_code::usage;
  }
  const auto folder = models_folder();
  if (!folder) return report(folder.error());
  const auto by_model = labels_of(*folder / "pii-rampart");
  if (!by_model) return report(by_model.error());
  auto wanted = wanted_settings(options, *by_model);
  if (!wanted) return report(wanted.error(), exit_code::usage);
  const auto loaded = models_for(options, *wanted, *by_model, *folder);
  if (!loaded) return report(loaded.error());
  redact_run run{redact_input{options.texts.files, shape_of(options)},
                 options.texts.unit == text_unit::line};
  return run.run(*loaded, stream_options_of(options, std::move(*wanted)));
}

constexpr const char* redact_footer =
    R"(Personal data is found by rules that check what they find (e-mail, phone, URL, IP, IBAN, payment cards), by models
(names, addresses, numbers of documents) where a name could stand at all, and by its place in a mail (behind "From:" or
"Dear", below "Regards,"). No way finds everything: review where a missed name does harm. Which lines no model reads, and
what that can miss: docs/redaction.md; --thorough turns it off.

Input of any size takes constant memory; with --json, a text has at most 64 MiB. With --json, one line per text:
  {"text","redactions":[{"label","source","score","start","end","start_byte","end_byte","replacement",
   "redacted_start","redacted_end","redacted_start_byte","redacted_end_byte"}]}
start and end count code points of the original, redacted_start and redacted_end of the redacted text; source is rule,
model or context.

Examples:
  troupe redact mail.txt > mail.redacted.txt
  troupe redact --pseudonyms --key "$SECRET" --json < chat.log
  troupe redact --by file --labels EMAIL,PHONE letter.txt
  troupe redact --threads 8 --threshold SURNAME=0.1 huge.log > huge.redacted.log)";

} // namespace

void add_redact(CLI::App& app, action& chosen) {
  auto options = std::make_shared<redact_options>();
  auto* command = app.add_subcommand("redact", "Remove the personal data from texts");
  options->texts.add_to(*command);
  auto* mask = command->add_flag("--mask", options->mask,
                                 "Put the label in place of the value: [EMAIL] (the default)");
  auto* pseudonyms = command->add_flag(
      "--pseudonyms", options->pseudonyms,
      "Put a name in place of the value, the same for the same value: [EMAIL_3f9a1c]");
  mask->excludes(pseudonyms);
  command
      ->add_option(
          "--key", options->key,
          "Secret that the pseudonyms depend on; the same key gives the same names\n(default: "
          "TROUPE_PSEUDONYM_KEY of the environment)")
      ->type_name("SECRET")
      ->needs(pseudonyms);
  command
      ->add_option("--labels", options->labels,
                   "Only these kinds of data, e.g. EMAIL,PHONE (default: all)")
      ->type_name("LABEL,...")
      ->delimiter(',')
      ->allow_extra_args(false); // else it would take the files for labels
  command
      ->add_option("--min-score", options->min_score,
                   "Keep what a model is less sure of than this\n(default: measured, by label)")
      ->type_name("SCORE")
      ->check(CLI::Range(0.0, 1.0));
  command
      ->add_option("--threshold", options->thresholds,
                   "The same for one label, e.g. SURNAME=0.3; may be given again")
      ->type_name("LABEL=SCORE")
      ->allow_extra_args(false);
  command->add_flag("--thorough", options->thorough,
                    "Let the models read every line, not only where a name could stand");
  command->add_option("--threads", options->threads, "Threads (default: one per processor)")
      ->type_name("N")
      ->check(CLI::Range(std::size_t{1}, pii::defaults::max_threads));
  options->precision.add_to(*command);
  command->add_flag("--json", options->json, "One JSON line per text, with the map of offsets");
  command->footer(redact_footer);
  command->callback([options, &chosen] { chosen = [options] { return redact(*options); }; });
}

} // namespace troupe::cli
