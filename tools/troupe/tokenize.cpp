#include "kernels/text/offsets.hpp"
#include "kernels/text/wordpiece.hpp"
#include "tools/troupe/cli_errc.hpp"
#include "tools/troupe/commands.hpp"
#include "tools/troupe/console.hpp"
#include "tools/troupe/interrupt.hpp"
#include "tools/troupe/text_source.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

namespace troupe::cli {

namespace {

using nlohmann::ordered_json;

struct tokenize_options {
  std::string model;
  std::optional<std::size_t> max_length;
  std::size_t stride = 0;
};

/// [[start, end], ...] of every token, through `position`.
template <class Position>
ordered_json offsets_json(const text::encoding& tokens, Position position) {
  auto out = ordered_json::array();
  for (const auto& range : tokens.offsets)
    out.push_back({position(range.start), position(range.end)});
  return out;
}

ordered_json word_ids_json(const text::encoding& tokens) {
  auto out = ordered_json::array();
  for (const auto id : tokens.word_ids)
    out.push_back(id < 0 ? ordered_json{} : ordered_json(id));
  return out;
}

ordered_json tokens_json(const std::string& text, const text::encoding& tokens) {
  text::offset_index index{text};
  return {{"ids", tokens.token_ids},
          {"type_ids", tokens.token_type_ids},
          {"offsets_codepoints",
           offsets_json(tokens, [&](auto byte) { return index.codepoint(byte); })},
          {"offsets_bytes", offsets_json(tokens, [](auto byte) { return byte; })},
          {"special_mask", tokens.special_mask},
          {"word_ids", word_ids_json(tokens)}};
}

result<std::string> text_of(const std::string& line) {
  const auto parsed = nlohmann::json::parse(line, nullptr, false);
  if (parsed.is_discarded()) return fail(cli_errc::bad_input, "not a JSON text");
  if (!parsed.is_object() || !parsed.contains("text") || !parsed["text"].is_string())
    return fail(cli_errc::bad_input, R"(not an object with a string "text")");
  return parsed["text"].get<std::string>();
}

result<ordered_json> answer(const text::wordpiece_tokenizer& tokenizer, const std::string& text,
                            const tokenize_options& options) {
  if (!options.max_length) {
    auto out = tokens_json(text, tokenizer.encode(text));
    ordered_json with_text{{"text", text}};
    with_text.update(out);
    return with_text;
  }
  const auto windows = tokenizer.encode_windows(text, *options.max_length, options.stride);
  if (!windows) return tl::unexpected(windows.error());
  ordered_json out{{"text", text}, {"max_length", *options.max_length}, {"stride", options.stride}};
  auto& list = out["windows"] = ordered_json::array();
  for (const auto& window : *windows)
    list.push_back(tokens_json(text, window));
  return out;
}

exit_code report_line(std::size_t line, error what) {
  what.context = fmt::format("-:{}: {}", line, what.context);
  return report(what);
}

exit_code tokenize(const tokenize_options& options) {
  const auto tokenizer = text::wordpiece_tokenizer::load(options.model);
  if (!tokenizer) return report(tokenizer.error());
  text_source lines{{}, text_unit::line};
  for (;;) {
    // Somebody may be waiting for the answers before the input goes on.
    if (!lines.ready()) std::cout.flush();
    const auto line = lines.next();
    if (interrupt::requested()) return report_interrupted();
    if (!line) return report(line.error());
    if (!*line) return exit_code::ok;
    if ((*line)->text.empty()) continue;
    const auto text = text_of((*line)->text);
    if (!text) return report_line((*line)->line, text.error());
    const auto out = answer(*tokenizer, *text, options);
    if (!out) return report_line((*line)->line, out.error());
    if (!print_line(out->dump(-1, ' ', true))) return report_closed_output();
  }
}

constexpr const char* tokenize_footer =
    R"(Reads JSON lines {"text": "..."} from standard input and writes for each
  {"text","ids","type_ids","offsets_codepoints","offsets_bytes","special_mask","word_ids"}
or, with --max-length, {"text","max_length","stride","windows":[{the same fields}]}.

Examples:
  echo '{"text": "Ada Lovelace"}' | troupe tokenize --model models/ner-default
  troupe tokenize --model models/ner-default --max-length 128 --stride 32 < texts.jsonl)";

} // namespace

void add_tokenize(CLI::App& app, action& chosen) {
  auto options = std::make_shared<tokenize_options>();
  auto* command = app.add_subcommand(
      "tokenize", "Split texts into word pieces, as the Hugging Face fast BERT tokenizer does");
  command->add_option("--model", options->model, "Folder with vocab.txt and tokenizer_config.json")
      ->required()
      ->type_name("DIR");
  auto* length = command
                     ->add_option("--max-length", options->max_length,
                                  "Cut into windows of at most N tokens, special ones included")
                     ->check(CLI::Range(3, 1 << 20))
                     ->type_name("N");
  command->add_option("--stride", options->stride, "Tokens that neighbouring windows share")
      ->check(CLI::Range(0, 1 << 20))
      ->needs(length)
      ->type_name("S");
  command->footer(tokenize_footer);
  command->callback([options, &chosen] { chosen = [options] { return tokenize(*options); }; });
}

} // namespace troupe::cli
