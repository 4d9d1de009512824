#include "tools/troupe/bench_ner_sweep.hpp"

#include "tools/troupe/bench_ner_texts.hpp"
#include "tools/troupe/bench_time.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace troupe::cli {

namespace {

/// One point: how the pool is set, what it reads, what came out.
struct sweep_point {
  std::size_t at = 0;
  std::vector<std::string> texts;
  std::size_t tokens = 0;
  std::size_t workers = 1;
  std::size_t batch_tokens = bert::defaults::batch_tokens;
  std::vector<double> per_second, per_core_second;
};

const char* sweep_name(ner_sweep over) {
  return over == ner_sweep::lengths ? "lengths" : over == ner_sweep::threads ? "threads" : "batch";
}

/// The values of a sweep: powers of two, and for threads also the most of them.
std::vector<std::size_t> values_of(const ner_sweep_options& options, const bert::ner_model& model) {
  const bool lengths = options.over == ner_sweep::lengths, batch = options.over == ner_sweep::batch;
  const std::size_t first = lengths ? 8 : batch ? 64 : 1;
  const std::size_t last = lengths ? std::min<std::size_t>(512, model.max_length())
                           : batch ? 4'096
                                   : options.threads;
  std::vector<std::size_t> values;
  for (std::size_t value = first; value < last; value *= 2)
    values.push_back(value);
  values.push_back(last);
  return values;
}

result<std::size_t> count_tokens(const bert::ner_model& model, std::span<const std::string> texts) {
  std::size_t tokens = 0;
  for (const auto& text : texts) {
    const auto prepared = model.prepare(text);
    if (!prepared) return tl::unexpected(prepared.error());
    for (const auto& window : prepared->windows)
      tokens += window.size();
  }
  return tokens;
}

/// The texts of the data, from the start again until they have enough tokens.
result<std::vector<std::string>> enough_texts(const bert::ner_model& model, const bench_texts& data,
                                              std::size_t wanted) {
  const auto tokens = count_tokens(model, data.texts);
  if (!tokens) return tl::unexpected(tokens.error());
  const auto per_text = std::max<std::size_t>(1, *tokens / data.texts.size());
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < std::max<std::size_t>(1, wanted / per_text); ++i)
    texts.push_back(data.texts[i % data.texts.size()]);
  return texts;
}

class sweep {
public:
  sweep(const ner_sweep_options& options, std::string model, const bench_texts& data,
        ner_pool& pool)
      : options_{options}, model_{std::move(model)}, data_{data}, pool_{pool} {}

  result<void> run(figure_sink& out) {
    if (auto made = make_points(); !made) return made;
    // The first round warms up.
    for (std::size_t round = 0; round <= options_.repetitions && !out.stopped(); ++round)
      for (auto& point : points_)
        if (auto done = measure(point, round > 0); !done) return done;
    for (auto& point : points_)
      put(point, out);
    return {};
  }

private:
  result<void> make_points() {
    const auto maker = sentence_maker::make(pool_.model(), data_.texts);
    if (!maker) return tl::unexpected(maker.error());
    const auto texts = enough_texts(pool_.model(), data_, options_.tokens);
    if (!texts) return tl::unexpected(texts.error());
    for (const auto value : values_of(options_, pool_.model())) {
      sweep_point point;
      point.at = value;
      if (options_.over == ner_sweep::lengths)
        point.texts = maker->sentences(std::max<std::size_t>(1, options_.tokens / value), value);
      else
        point.texts = *texts;
      if (options_.over == ner_sweep::threads) point.workers = value;
      if (options_.over == ner_sweep::batch) point.batch_tokens = value;
      const auto tokens = count_tokens(pool_.model(), point.texts);
      if (!tokens) return tl::unexpected(tokens.error());
      point.tokens = *tokens;
      points_.push_back(std::move(point));
    }
    return {};
  }

  result<void> measure(sweep_point& point, bool kept) {
    pool_.use_workers(point.workers);
    if (auto set = pool_.set_batch_tokens(point.batch_tokens); !set) return set;
    const std::vector<std::string_view> texts{point.texts.begin(), point.texts.end()};
    // A workspace that was just made costs its first user page faults.
    if (auto warm = pool_.extract(std::span{texts}.first((texts.size() + 3) / 4)); !warm)
      return tl::unexpected(std::move(warm.error()));
    const stopwatch timer;
    if (auto found = pool_.extract(texts); !found) return tl::unexpected(std::move(found.error()));
    const auto [wall, cpu] = timer.elapsed();
    if (!kept) return {};
    point.per_second.push_back(static_cast<double>(point.tokens) / wall);
    point.per_core_second.push_back(static_cast<double>(point.tokens) / cpu);
    return {};
  }

  void put(sweep_point& point, figure_sink& out) const {
    if (point.per_second.empty()) return;
    bench_settings settings{{"model", model_},
                            {"engine", pool_.model().engine().name()},
                            {"data", data_.source},
                            {"texts", point.texts.size()},
                            {"tokens", point.tokens},
                            {"threads", point.workers},
                            {"batch_tokens", point.batch_tokens}};
    if (options_.over == ner_sweep::lengths) settings.emplace_back("tokens_per_text", point.at);
    const auto name = fmt::format("sweep.{}.{}", sweep_name(options_.over), point.at);
    out.put(summarise("ner", name, "tokens/s", std::move(point.per_second), settings));
    out.put(summarise("ner", name + ".per_core_second", "tokens/core-s",
                      std::move(point.per_core_second), settings));
  }

  const ner_sweep_options& options_;
  std::string model_;
  const bench_texts& data_;
  ner_pool& pool_;
  std::vector<sweep_point> points_;
};

} // namespace

result<void> sweep_ner(const std::filesystem::path& model, const bench_texts& data,
                       const ner_sweep_options& options, figure_sink& out) {
  const std::size_t workers = options.over == ner_sweep::threads ? options.threads : 1;
  auto pool = ner_pool::load(model, {.precision = options.precision, .workers = workers});
  if (!pool) return tl::unexpected(std::move(pool.error()));
  return sweep{options, model.filename().string(), data, **pool}.run(out);
}

} // namespace troupe::cli
