#include "tools/troupe/bench.hpp"
#include "tools/troupe/bench_ner_server.hpp"
#include "tools/troupe/byte_reader.hpp"
#include "tools/troupe/console.hpp"
#include "tools/troupe/interrupt.hpp"
#include "tools/troupe/models.hpp"
#include "tools/troupe/precision_option.hpp"

#include <fmt/format.h>
#include <iostream>

namespace troupe::cli {

namespace {

struct serve_options {
  std::string model;
  precision_option precision;
};

/// The longest command, in bytes: a driver sends thousands of texts in one line.
constexpr std::size_t most_command_bytes = std::size_t{64} << 20;

/// Reads what is left of a line of which `read_until` gave a part. @returns the reader's error.
result<void> skip_line(byte_reader& in, std::optional<std::string> part) {
  while (part && part->size() > most_command_bytes) {
    auto more = in.read_until('\n', most_command_bytes);
    if (!more) return tl::unexpected(std::move(more.error()));
    part = std::move(*more);
  }
  return {};
}

exit_code serve_commands(ner_server& server) {
  byte_reader in;
  for (;;) {
    auto line = in.read_until('\n', most_command_bytes);
    if (interrupt::requested()) return report_interrupted();
    if (!line) return report(line.error());
    if (!*line) return exit_code::ok;
    nlohmann::json answer;
    if ((*line)->size() > most_command_bytes) {
      if (auto skipped = skip_line(in, std::move(*line)); !skipped) return report(skipped.error());
      answer = {
          {"error", fmt::format("a command is at most {} MiB long", most_command_bytes >> 20)}};
    } else if ((*line)->find_first_not_of(" \t\r") == std::string::npos) {
      continue;
    } else {
      answer = server.answer(**line);
    }
    if (!print_line(answer.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)) ||
        !std::cout.flush())
      return report_closed_output();
  }
}

exit_code serve_races(const serve_options& options) {
  auto model = model_folder_or_default(options.model);
  if (!model) return report(model.error());
  ner_server server{std::move(*model), options.precision.value()};
  return serve_commands(server);
}

constexpr const char* bench_serve_footer =
    R"(Measures nothing by itself: a driver that races engines sends commands, one JSON object per line on standard input, and
gets one line of JSON for each, until the input ends. What cannot be carried out is answered {"error":"..."}.

  {"cmd":"load","threads":1,"workers":1,"budget":512,"text":"..."}
        loads the model and runs the text once: {"load_s","first_s","rss_mb","engine"}. Each of the workers runs batches of
        up to budget tokens by itself, on threads/workers threads. With the threads and workers of before only the
        budget changes: {"reused":true}
  {"cmd":"run","texts":["..."],"spans":1}
        {"s","cpu","rss_mb","texts","distinct_texts"}; with spans also "spans":[[[start,end,"PER"],...],...], code points
  {"cmd":"latency","texts":["..."]}
        one text after the other: {"ts":[seconds each],"cs":[CPU seconds each],"rss_mb"}
  {"cmd":"about"}
        {"processor","versions","commit"}

Equal texts are computed as often as they are sent: an engine that computes them once would win races by it.

Example:
  echo '{"cmd":"load","threads":1,"workers":1,"text":"Ada Lovelace"}' | troupe bench serve)";

} // namespace

void add_bench_serve(CLI::App& bench, std::function<exit_code()>& chosen) {
  auto options = std::make_shared<serve_options>();
  auto* command = bench.add_subcommand("serve", "Answer a driver that races engines");
  command
      ->add_option("--model", options->model,
                   "A Hugging Face folder of a BERT token-classification model\n"
                   "(default: ner-default)")
      ->type_name("DIR");
  options->precision.add_to(*command);
  command->footer(bench_serve_footer);
  command->callback([options, &chosen] { chosen = [options] { return serve_races(*options); }; });
}

} // namespace troupe::cli
