#include "actors/agents/pii_rules.hpp"
#include "actors/node.hpp"
#include "actors/workflow/diagnostic.hpp"
#include "kernels/bert/config.hpp"
#include "tools/troupe/cli_errc.hpp"
#include "tools/troupe/commands.hpp"
#include "tools/troupe/console.hpp"
#include "tools/troupe/models.hpp"
#include "tools/troupe/precision_option.hpp"
#include "tools/troupe/text_options.hpp"
#include "tools/troupe/text_requests.hpp"
#include "troupe/v1/redaction.pb.h"

#include <algorithm>
#include <cstdlib>
#include <fmt/format.h>
#include <iostream>
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>

namespace troupe::cli {

namespace {

struct redact_options {
  text_options texts;
  precision_option precision;
  bool mask = false;
  bool pseudonyms = false;
  std::string key;
  std::vector<std::string> labels;
  double min_score = 0.5;
  bool json = false;
};

message_ptr redact_request(const redact_options& options, const input_text& input) {
  auto request = std::make_shared<v1::RedactRequest>();
  request->set_text(input.text);
  request->set_style(options.pseudonyms ? v1::REDACTION_STYLE_PSEUDONYMS
                                        : v1::REDACTION_STYLE_MASK);
  request->set_pseudonym_key(options.key);
  // Zero on the wire means the default; everything is what the smallest score lets through.
  request->set_min_score(std::max(options.min_score, std::numeric_limits<double>::min()));
  for (const auto& label : options.labels)
    request->add_labels(label);
  return request;
}

nlohmann::ordered_json redaction_json(const v1::Redaction& redaction, read_bytes& bytes) {
  const auto& span = redaction.span();
  return {{"label", span.label()},
          {"source", redaction.source() == v1::REDACTION_SOURCE_RULE ? "rule" : "model"},
          {"score", span.score()},
          {"start", span.start_codepoint()},
          {"end", span.end_codepoint()},
          {"start_byte", bytes.start(span.start_byte())},
          {"end_byte", bytes.end(span.end_byte())},
          {"replacement", redaction.replacement()},
          {"redacted_start", redaction.redacted_start_codepoint()},
          {"redacted_end", redaction.redacted_end_codepoint()},
          {"redacted_start_byte", redaction.redacted_start_byte()},
          {"redacted_end_byte", redaction.redacted_end_byte()}};
}

bool print_redacted(const redact_options& options, const input_text& input,
                    const v1::RedactReply& answer) {
  if (options.json) {
    read_bytes bytes{input};
    nlohmann::ordered_json out{{"text", answer.text()},
                               {"redactions", nlohmann::ordered_json::array()}};
    for (const auto& redaction : answer.redactions())
      out["redactions"].push_back(redaction_json(redaction, bytes));
    return print_line(out.dump());
  }
  if (options.texts.unit == text_unit::line) return print_line(answer.text());
  // A file keeps its own line ends, and none where it had none.
  std::cout << answer.text();
  return std::cout.good();
}

/// The key as the option or the environment gives it.
std::string key_of(const redact_options& options) {
  if (!options.key.empty()) return options.key;
  const char* named = std::getenv("TROUPE_PSEUDONYM_KEY");
  return named ? named : "";
}

/// What --labels may name: the kinds of the rules and of the model in `folder`, sorted.
result<std::vector<std::string>> known_labels(const std::filesystem::path& folder) {
  const auto config = bert::load_config(folder);
  if (!config) return tl::unexpected(config.error());
  auto known = agents::rule_labels();
  for (const auto& tag : config->labels)
    if (tag.starts_with("B-")) known.push_back(tag.substr(2));
  std::sort(known.begin(), known.end());
  known.erase(std::unique(known.begin(), known.end()), known.end());
  return known;
}

/// A label that nothing finds would leave everything in the text, so it is a mistake.
result<void> check_labels(const std::vector<std::string>& wanted,
                          const std::filesystem::path& folder) {
  if (wanted.empty()) return {};
  const auto known = known_labels(folder);
  if (!known) return tl::unexpected(known.error());
  for (const auto& label : wanted)
    if (!std::binary_search(known->begin(), known->end(), label))
      return fail(cli_errc::bad_option,
                  fmt::format("--labels: there is no label {}{}; all are: {}", label,
                              workflow::suggestion(label, *known), fmt::join(*known, ", ")));
  return {};
}

exit_code redact(redact_options options) {
  // Not CLI11's envname: a variable that is always set would forbid plain masks.
  if (options.pseudonyms) options.key = key_of(options);
  if (options.pseudonyms && options.key.empty()) {
    print_error("pseudonyms need a secret, or anybody could guess the values; give --key SECRET or "
                "set TROUPE_PSEUDONYM_KEY");
    return exit_code::usage;
  }
  const auto models = models_folder();
  if (!models) return report(models.error());
  if (const auto good = check_labels(options.labels, *models / "pii-rampart"); !good)
    return report(good.error(), exit_code::usage);
  node_options wanted;
  wanted.precision = options.precision.value();
  wanted.cache_dir = bert::default_cache_dir();
  wanted.models = built_in_models(*models);
  const auto node = node::start(wanted, nullptr);
  if (!node) return report(node.error());
  text_source texts{options.texts.files, options.texts.unit};
  return ask_about_texts(
      (*node)->agents(), texts,
      {.target = {.type = "pii.redact", .key = "default"},
       .request = [&](const input_text& input) { return redact_request(options, input); },
       .print =
           [&](const input_text& input, const google::protobuf::Message& answer) {
             return print_redacted(options, input, dynamic_cast<const v1::RedactReply&>(answer));
           }});
}

constexpr const char* redact_footer =
    R"(Personal data is found by a model (names, addresses, numbers of documents) and by rules that check what they
find (e-mail, phone, URL, IP, IBAN, payment cards). Neither finds everything: review where a missed name does harm.

With --json, one line per text:
  {"text","redactions":[{"label","source","score","start","end","start_byte","end_byte","replacement",
   "redacted_start","redacted_end","redacted_start_byte","redacted_end_byte"}]}
start and end count code points of the original, redacted_start and redacted_end of the redacted text.

Examples:
  troupe redact mail.txt > mail.redacted.txt
  troupe redact --pseudonyms --key "$SECRET" --json < chat.log
  troupe redact --by file --labels EMAIL,PHONE letter.txt)";

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
                   "Keep what the model is less sure of than this")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 1.0));
  options->precision.add_to(*command);
  command->add_flag("--json", options->json, "One JSON line per text, with the map of offsets");
  command->footer(redact_footer);
  command->callback([options, &chosen] { chosen = [options] { return redact(*options); }; });
}

} // namespace troupe::cli
