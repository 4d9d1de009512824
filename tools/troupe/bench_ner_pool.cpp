#include "tools/troupe/bench_ner_pool.hpp"

#include <algorithm>
#include <atomic>
#include <iterator>
#include <thread>
#include <utility>

namespace troupe::cli {

namespace {

/// Texts that a worker takes at a time: several batches, so that few are left half full, and a small part of the whole.
constexpr std::size_t chunk_texts = 64;

} // namespace

result<std::unique_ptr<ner_pool>> ner_pool::load(const std::filesystem::path& model,
                                                 const ner_pool_options& options) {
  bert::engine_options engine;
  engine.wanted = options.precision;
  engine.threads_per_stream = options.threads_per_worker;
  engine.cache_dir = bert::default_cache_dir();
  auto loaded = bert::ner_model::load(model, engine);
  if (!loaded) return tl::unexpected(std::move(loaded.error()));
  auto pool = std::unique_ptr<ner_pool>{new ner_pool{std::move(*loaded)}};
  for (std::size_t i = 0; i < std::max<std::size_t>(1, options.workers); ++i)
    if (auto added = pool->add_worker(); !added) return tl::unexpected(std::move(added.error()));
  return pool;
}

result<void> ner_pool::add_worker() {
  auto extractor = bert::ner_extractor::make(model_);
  if (!extractor) return tl::unexpected(std::move(extractor.error()));
  auto scratch =
      model_->engine().make_workspace(std::max(bert::defaults::batch_tokens, model_->max_length()));
  if (!scratch) return tl::unexpected(std::move(scratch.error()));
  workers_.push_back({std::move(*extractor), std::move(*scratch), {}});
  return {};
}

result<void> ner_pool::share_out(std::size_t size, const chunk_function& work) {
  std::atomic<std::size_t> next = 0;
  const auto take_chunks = [&](worker& by) -> result<void> {
    for (;;) {
      const auto first = next.fetch_add(chunk_texts);
      if (first >= size) return {};
      if (auto done = work(by, first, std::min(size, first + chunk_texts)); !done) return done;
    }
  };
  std::vector<result<void>> outcomes(workers_.size());
  {
    std::vector<std::jthread> others;
    for (std::size_t i = 1; i < workers_.size(); ++i)
      others.emplace_back([&, i] { outcomes[i] = take_chunks(workers_[i]); });
    outcomes[0] = take_chunks(workers_[0]);
  }
  for (auto& outcome : outcomes)
    if (!outcome) return std::move(outcome);
  return {};
}

result<ner_pool::spans_of_texts> ner_pool::extract(std::span<const std::string_view> texts) {
  spans_of_texts found(texts.size());
  auto done =
      share_out(texts.size(), [&](worker& by, std::size_t first, std::size_t last) -> result<void> {
        auto spans = by.extractor.extract(texts.subspan(first, last - first));
        if (!spans) return tl::unexpected(std::move(spans.error()));
        std::move(spans->begin(), spans->end(), found.begin() + static_cast<std::ptrdiff_t>(first));
        return {};
      });
  if (!done) return tl::unexpected(std::move(done.error()));
  return found;
}

result<void> ner_pool::classify(std::span<const bert::prepared_text> texts) {
  return share_out(texts.size(), [&](worker& by, std::size_t first, std::size_t last) {
    return classify_chunk(by, texts.subspan(first, last - first));
  });
}

result<void> ner_pool::classify_chunk(worker& by,
                                      std::span<const bert::prepared_text> texts) const {
  const auto flush = [&]() -> result<void> {
    if (by.batch.windows() == 0) return {};
    auto done = by.batch.classify(model_->engine(), *by.scratch);
    by.batch.clear();
    return done;
  };
  for (const auto& text : texts)
    for (const auto& window : text.windows) {
      if (by.batch.tokens() + window.size() > by.scratch->max_tokens())
        if (auto done = flush(); !done) return done;
      by.batch.add(window);
    }
  return flush();
}

} // namespace troupe::cli
