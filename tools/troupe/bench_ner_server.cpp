#include "tools/troupe/bench_ner_server.hpp"

#include "tools/troupe/bench_host.hpp"
#include "tools/troupe/bench_time.hpp"
#include "tools/troupe/cli_errc.hpp"

#include <exception>
#include <fmt/format.h>
#include <unordered_set>

namespace troupe::cli {

namespace {

using nlohmann::json;

/// Of what a command may ask for.
constexpr std::size_t most_threads = 1'024;
constexpr std::size_t most_budget = 1 << 16;

double peak_megabytes() {
  return static_cast<double>(peak_resident_bytes()) / (1 << 20);
}

/// The member `name`: a whole number from 1 to `most`, `missing` where it is not there.
result<std::size_t> count_of(const json& command, const char* name, std::size_t most,
                             std::size_t missing) {
  const auto found = command.find(name);
  if (found == command.end()) return missing;
  // Numbers are unsigned where they are whole and not negative.
  if (found->is_number_unsigned())
    if (const auto value = found->get<std::uint64_t>(); value >= 1 && value <= most)
      return static_cast<std::size_t>(value);
  return fail(cli_errc::bad_input,
              fmt::format("\"{}\" must be a whole number from 1 to {}", name, most));
}

result<std::vector<std::string>> texts_of(const json& command) {
  const auto found = command.find("texts");
  const auto is_text = [](const json& each) { return each.is_string(); };
  if (found == command.end() || !found->is_array() ||
      !std::all_of(found->begin(), found->end(), is_text))
    return fail(cli_errc::bad_input, "\"texts\" must be a list of strings");
  return found->get<std::vector<std::string>>();
}

bool wants_spans(const json& command) {
  const auto found = command.find("spans");
  return found != command.end() && *found != 0 && *found != false;
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

json about_build() {
  json versions = json::object();
  for (const auto& [name, version] : bench_versions())
    versions[name] = version;
  return {{"processor", processor_name()}, {"versions", versions}, {"commit", built_commit()}};
}

} // namespace

json ner_server::answer(std::string_view line) {
  try {
    auto out = carry_out(json::parse(line));
    return out ? std::move(*out) : json{{"error", out.error().message()}};
  } catch (const std::exception& bad) {
    // Not JSON, or no memory or no thread left for what was asked.
    return {{"error", bad.what()}};
  }
}

result<json> ner_server::carry_out(const json& command) {
  if (!command.is_object() || !command.contains("cmd") || !command["cmd"].is_string())
    return fail(cli_errc::bad_input, R"(a command is an object like {"cmd":"load"})");
  const auto name = command["cmd"].get<std::string>();
  if (name == "about") return about_build();
  if (name == "load") return load(command);
  if (name != "run" && name != "latency")
    return fail(cli_errc::bad_input,
                "no command \"" + name + "\"; there are about, load, run, latency");
  if (!pool_) return fail(cli_errc::bad_input, "\"load\" comes first");
  return name == "run" ? run(command) : latency(command);
}

result<json> ner_server::load(const json& command) {
  const auto threads = count_of(command, "threads", most_threads, 1);
  if (!threads) return tl::unexpected(threads.error());
  const auto workers = count_of(command, "workers", *threads, 1);
  if (!workers) return tl::unexpected(workers.error());
  const auto budget = count_of(command, "budget", most_budget, bert::defaults::batch_tokens);
  if (!budget) return tl::unexpected(budget.error());
  const auto text = command.value("text", json(""));
  if (!text.is_string()) return fail(cli_errc::bad_input, "\"text\" must be a string");

  if (pool_ && *threads == threads_ && *workers == workers_) {
    if (auto set = pool_->set_batch_tokens(*budget); !set)
      return tl::unexpected(std::move(set.error()));
    return json{{"reused", true}};
  }
  pool_.reset();
  const stopwatch loading;
  auto loaded = ner_pool::load(model_, {.precision = precision_,
                                        .workers = *workers,
                                        .threads_per_worker = *threads / *workers,
                                        .batch_tokens = *budget});
  if (!loaded) return tl::unexpected(std::move(loaded.error()));
  const double load_seconds = loading.elapsed().wall_seconds;
  const auto first_text = text.get<std::string>();
  const std::string_view view{first_text};
  const stopwatch first;
  if (auto found = (*loaded)->extract({&view, 1}); !found)
    return tl::unexpected(std::move(found.error()));
  const double first_seconds = first.elapsed().wall_seconds;
  pool_ = std::move(*loaded);
  threads_ = *threads;
  workers_ = *workers;
  return json{{"load_s", load_seconds},
              {"first_s", first_seconds},
              {"rss_mb", peak_megabytes()},
              {"engine", pool_->model().engine().name()}};
}

result<json> ner_server::run(const json& command) {
  const auto texts = texts_of(command);
  if (!texts) return tl::unexpected(texts.error());
  const std::unordered_set<std::string_view> distinct{texts->begin(), texts->end()};
  const stopwatch timer;
  const std::vector<std::string_view> views{texts->begin(), texts->end()};
  const auto found = pool_->extract(views);
  const auto [wall, cpu] = timer.elapsed();
  if (!found) return tl::unexpected(found.error());
  json out{{"s", wall},
           {"cpu", cpu},
           {"rss_mb", peak_megabytes()},
           {"texts", texts->size()},
           {"distinct_texts", distinct.size()}};
  if (wants_spans(command)) out["spans"] = spans_json(*found);
  return out;
}

result<json> ner_server::latency(const json& command) {
  const auto texts = texts_of(command);
  if (!texts) return tl::unexpected(texts.error());
  json out{{"ts", json::array()}, {"cs", json::array()}};
  for (const auto& text : *texts) {
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

} // namespace troupe::cli
