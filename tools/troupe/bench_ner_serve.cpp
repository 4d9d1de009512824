#include "tools/troupe/bench_ner_serve.hpp"

#include "tools/troupe/bench_host.hpp"
#include "tools/troupe/bench_ner_pool.hpp"
#include "tools/troupe/bench_time.hpp"
#include "tools/troupe/cli_errc.hpp"
#include "tools/troupe/console.hpp"
#include "tools/troupe/interrupt.hpp"
#include "tools/troupe/text_source.hpp"

#include <iostream>
#include <nlohmann/json.hpp>

namespace troupe::cli {

namespace {

using nlohmann::json;

constexpr std::size_t most_threads = 1'024;

double peak_megabytes() {
  return static_cast<double>(peak_resident_bytes()) / (1 << 20);
}

json spans_json(const ner_pool::spans_of_texts& found) {
  auto out = json::array();
  for (const auto& spans : found) {
    auto& list = out.emplace_back(json::array());
    for (const auto& span : spans)
      list.push_back({span.start_codepoint, span.end_codepoint, span.label});
  }
  return out;
}

std::vector<std::string> texts_of(const json& command) {
  return command.at("texts").get<std::vector<std::string>>();
}

/// Carries out the commands. Members of a command that are missing or of another type throw nlohmann's exceptions.
class ner_server {
public:
  ner_server(std::filesystem::path model, bert::precision precision)
      : model_{std::move(model)}, precision_{precision} {}

  result<json> answer(const json& command) {
    const auto name = command.at("cmd").get<std::string>();
    if (name == "load") return load(command);
    if (!pool_) return fail(cli_errc::bad_input, "\"load\" comes first");
    if (name == "run") return run(command);
    if (name == "latency") return latency(command);
    return fail(cli_errc::bad_input, "no command \"" + name + "\"; there are load, run, latency");
  }

private:
  result<json> load(const json& command) {
    const auto threads = command.at("threads").get<std::size_t>();
    const auto workers = command.at("workers").get<std::size_t>();
    if (workers == 0 || threads < workers || threads > most_threads)
      return fail(cli_errc::bad_input, "threads must be 1 to 1024, and workers 1 to threads");
    if (pool_ && threads == threads_ && workers == workers_) return json{{"reused", true}};
    pool_.reset();
    const stopwatch loading;
    auto loaded = ner_pool::load(model_, {precision_, workers, threads / workers});
    if (!loaded) return tl::unexpected(std::move(loaded.error()));
    const double load_seconds = loading.elapsed().wall_seconds;
    pool_ = std::move(*loaded);
    threads_ = threads;
    workers_ = workers;
    const auto text = command.at("text").get<std::string>();
    const std::string_view view{text};
    const stopwatch first;
    if (auto found = pool_->extract({&view, 1}); !found)
      return tl::unexpected(std::move(found.error()));
    return json{{"load_s", load_seconds},
                {"first_s", first.elapsed().wall_seconds},
                {"rss_mb", peak_megabytes()}};
  }

  result<json> run(const json& command) {
    const auto texts = texts_of(command);
    const stopwatch timer;
    const std::vector<std::string_view> views{texts.begin(), texts.end()};
    const auto found = pool_->extract(views);
    const auto [wall, cpu] = timer.elapsed();
    if (!found) return tl::unexpected(found.error());
    json out{{"s", wall}, {"cpu", cpu}, {"rss_mb", peak_megabytes()}};
    if (command.value("spans", 0) != 0) out["spans"] = spans_json(*found);
    return out;
  }

  result<json> latency(const json& command) {
    json out{{"ts", json::array()}, {"cs", json::array()}};
    for (const auto& text : texts_of(command)) {
      const std::string_view view{text};
      const stopwatch timer;
      const auto found = pool_->extract({&view, 1});
      const auto [wall, cpu] = timer.elapsed();
      if (!found) return tl::unexpected(found.error());
      out["ts"].push_back(wall);
      out["cs"].push_back(cpu);
    }
    out["rss_mb"] = peak_megabytes();
    return out;
  }

  std::filesystem::path model_;
  bert::precision precision_;
  std::unique_ptr<ner_pool> pool_;
  std::size_t threads_ = 0, workers_ = 0;
};

json answer_line(ner_server& server, const std::string& line) {
  try {
    auto out = server.answer(json::parse(line));
    return out ? std::move(*out) : json{{"error", out.error().message()}};
  } catch (const json::exception& bad) {
    return {{"error", bad.what()}};
  }
}

} // namespace

exit_code serve_ner_bench(const std::filesystem::path& model, bert::precision precision) {
  ner_server server{model, precision};
  text_source lines{{}, text_unit::line};
  for (;;) {
    const auto line = lines.next();
    if (interrupt::requested()) return report_interrupted();
    if (!line) return report(line.error());
    if (!*line) return exit_code::ok;
    if ((*line)->text.empty()) continue;
    const auto answer = answer_line(server, (*line)->text);
    if (!print_line(answer.dump(-1, ' ', false, json::error_handler_t::replace)) ||
        !std::cout.flush())
      return report_closed_output();
  }
}

} // namespace troupe::cli
