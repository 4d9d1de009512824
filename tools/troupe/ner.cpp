#include "actors/inference/ner_extract.hpp"
#include "actors/node.hpp"
#include "tools/troupe/commands.hpp"
#include "tools/troupe/console.hpp"
#include "tools/troupe/entity_stream.hpp"
#include "tools/troupe/models.hpp"
#include "tools/troupe/precision_option.hpp"
#include "tools/troupe/text_options.hpp"
#include "tools/troupe/text_requests.hpp"
#include "troupe/v1/ner.pb.h"

#include <memory>
#include <nlohmann/json.hpp>

namespace troupe::cli {

namespace {

struct ner_options {
  text_options texts;
  precision_option precision;
  std::string model;
  v1::Aggregation aggregation = v1::AGGREGATION_SIMPLE;
  std::uint32_t stride = 0;
  v1::WordGroups word_groups = v1::WORD_GROUPS_UNSPECIFIED;
  v1::WindowPolicy windows = v1::WINDOW_POLICY_UNSPECIFIED;
};

const std::map<std::string, v1::Aggregation> aggregations{
    {"none", v1::AGGREGATION_NONE},   {"simple", v1::AGGREGATION_SIMPLE},
    {"first", v1::AGGREGATION_FIRST}, {"average", v1::AGGREGATION_AVERAGE},
    {"max", v1::AGGREGATION_MAX},     {"viterbi", v1::AGGREGATION_VITERBI}};

const std::map<std::string, v1::WordGroups> word_groups{{"auto", v1::WORD_GROUPS_UNSPECIFIED},
                                                        {"pipeline", v1::WORD_GROUPS_PIPELINE},
                                                        {"ids", v1::WORD_GROUPS_IDS}};

const std::map<std::string, v1::WindowPolicy> window_policies{
    {"auto", v1::WINDOW_POLICY_UNSPECIFIED},
    {"pipeline", v1::WINDOW_POLICY_PIPELINE},
    {"farthest", v1::WINDOW_POLICY_FARTHEST}};

void set_decoding(const ner_options& options, v1::NerRequest& request) {
  request.set_aggregation(options.aggregation);
  request.set_stride(options.stride);
  request.set_word_groups(options.word_groups);
  request.set_windows(options.windows);
}

message_ptr ner_request(const ner_options& options, const input_text& input) {
  auto request = std::make_shared<v1::NerRequest>();
  request->set_text(input.text);
  set_decoding(options, *request);
  return request;
}

bool print_entities(const input_text& input, const google::protobuf::Message& answer) {
  nlohmann::ordered_json out{{"text", input.text}, {"entities", nlohmann::ordered_json::array()}};
  read_bytes bytes{input};
  for (const auto& span : dynamic_cast<const v1::NerReply&>(answer).spans())
    out["entities"].push_back({{"label", span.label()},
                               {"score", span.score()},
                               {"start", span.start_codepoint()},
                               {"end", span.end_codepoint()},
                               {"start_byte", bytes.start(span.start_byte())},
                               {"end_byte", bytes.end(span.end_byte())},
                               {"word", span.word()}});
  return print_line(out.dump());
}

/// The same wishes for texts that no request can hold.
reply<entity_stream_options> stream_options(const ner_options& options,
                                            std::shared_ptr<const bert::ner_model> model) {
  v1::NerRequest request;
  set_decoding(options, request);
  const auto how = inference::decode_options_of(request);
  if (!how) return tl::unexpected(how.error());
  entity_stream_options wanted{.model = std::move(model), .how = *how};
  if (options.stride != 0) wanted.windows.stride = options.stride;
  return wanted;
}

exit_code find_entities(const ner_options& options) {
  node_options wanted;
  wanted.precision = options.precision.value();
  wanted.cache_dir = bert::default_cache_dir();
  if (options.model.empty()) {
    const auto models = models_folder();
    if (!models) return report(models.error());
    wanted.models = built_in_models(*models);
  } else {
    wanted.models["default"] = options.model;
  }
  const auto node = node::start(wanted, nullptr);
  if (!node) return report(node.error());
  // Loaded now, so that a bad one is heard of before any text is awaited.
  auto model = (*node)->model("default");
  if (!model) return report(model.error());
  auto parts = stream_options(options, std::move(*model));
  if (!parts) return report(parts.error());
  entity_stream stream{std::move(*parts)};
  text_source texts{options.texts.files, options.texts.unit, long_text::in_parts};
  return ask_about_texts(
      (*node)->agents(), texts,
      {.target = {.type = "ner.extract", .key = "default"},
       .request = [&](const input_text& input) { return ner_request(options, input); },
       .in_parts = [&](text_source& from,
                       input_text first) { return stream.run(from, std::move(first)); },
       .print = print_entities});
}

constexpr const char* ner_footer = R"(Writes one JSON line per text:
  {"text","entities":[{"label","score","start","end","start_byte","end_byte","word"}]}
start and end count code points. A text longer than the model takes is read in overlapping windows, never cut.
start_byte and end_byte count the bytes as read, also where malformed UTF-8 was replaced by U+FFFD. A text of more than
1 MiB is read and written in parts, so memory does not grow with it; its entities wait in $TMPDIR for the text's end.

Examples:
  echo "Ada Lovelace worked in London." | troupe ner
  troupe ner --by file --aggregation first letters/*.txt
  troupe ner --model models/pii-rampart --precision fp32 chat.log)";

void add_decoding_options(CLI::App& command, ner_options& options) {
  command
      .add_option("--word-groups", options.word_groups,
                  "Which pieces are one word: by the tokenizer's ids, or as the Hugging Face\n"
                  "pipeline guesses it from lengths. auto: ids for viterbi, else pipeline")
      ->transform(CLI::CheckedTransformer(word_groups).description(""))
      ->type_name("auto|pipeline|ids")
      ->default_str("auto");
  command
      .add_option("--windows", options.windows,
                  "How the windows of a long text are joined: entities merged as the Hugging Face\n"
                  "pipeline does, or each piece labelled where it is farthest from an edge.\n"
                  "auto: farthest for none and viterbi, else pipeline")
      ->transform(CLI::CheckedTransformer(window_policies).description(""))
      ->type_name("auto|pipeline|farthest")
      ->default_str("auto");
}

} // namespace

void add_ner(CLI::App& app, action& chosen) {
  auto options = std::make_shared<ner_options>();
  auto* command = app.add_subcommand("ner", "Find the entities of texts");
  options->texts.add_to(*command);
  command
      ->add_option(
          "--model", options->model,
          "A Hugging Face folder of a BERT token-classification model\n(default: ner-default)")
      ->type_name("DIR");
  command
      ->add_option("--aggregation", options->aggregation,
                   "How the labels of word pieces become entities")
      ->transform(CLI::CheckedTransformer(aggregations).description(""))
      ->type_name("none|simple|first|average|max|viterbi")
      ->default_str("simple");
  command
      ->add_option("--stride", options->stride,
                   "Tokens that neighbouring windows of a long text share; 0 for the default")
      ->check(CLI::Range(0, 1 << 20))
      ->type_name("N");
  add_decoding_options(*command, *options);
  options->precision.add_to(*command);
  command->footer(ner_footer);
  command->callback([options, &chosen] { chosen = [options] { return find_entities(*options); }; });
}

} // namespace troupe::cli
