#include "tools/troupe/quantize_search.hpp"

#include "kernels/bert/packed_windows.hpp"
#include "tools/troupe/interrupt.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <set>
#include <tuple>

namespace troupe::cli {

namespace {

using bert::product_name;
using model_pointer = std::shared_ptr<const bert::ner_model>;

/// Sentences whose logits are compared to rank products: enough to tell them apart.
constexpr std::size_t ranking_sentences = 64;

/// A span of the corpus: sentence, type, first and last word.
using corpus_span = std::tuple<std::size_t, std::string, std::size_t, std::size_t>;

result<std::set<corpus_span>> spans_of(const std::vector<bert::tag_sequence>& tags) {
  std::set<corpus_span> all;
  for (std::size_t i = 0; i < tags.size(); ++i) {
    const auto entities = bert::lenient_entities(tags[i]);
    if (!entities) return tl::unexpected(entities.error());
    for (const auto& each : *entities)
      all.emplace(i, each.type, each.first, each.last);
  }
  return all;
}

/// How many of `a` are not in `b`.
std::size_t missing(const std::set<corpus_span>& a, const std::set<corpus_span>& b) {
  return static_cast<std::size_t>(
      std::count_if(a.begin(), a.end(), [&](const auto& span) { return !b.contains(span); }));
}

class search {
public:
  search(std::filesystem::path model_dir, const quantize_data& data, const quantize_bounds& bounds,
         std::size_t threads, const std::function<void(const std::string&)>& say)
      : model_dir_{std::move(model_dir)}, data_{data}, bounds_{bounds}, threads_{threads},
        say_{say} {
    for (const auto& sentence : data.sentences)
      truth_.push_back(sentence.tags);
  }

  result<std::optional<quantize_result>> run() {
    if (auto done = read_reference(); !done) return tl::unexpected(std::move(done.error()));
    std::vector<product_name> ranked;
    const auto half = layers_ * std::size(bert::all_layer_products) / 2;
    for (std::size_t keep = 0; !interrupt::requested(); keep = std::max<std::size_t>(1, 2 * keep)) {
      if (keep == 1) {
        auto found = rank();
        if (!found) return tl::unexpected(std::move(found.error()));
        ranked = std::move(*found);
      }
      const auto count = std::min({keep, half, ranked.size()});
      if (auto done = try_keeping({ranked.begin(), ranked.begin() + static_cast<long>(count)});
          !done)
        return tl::unexpected(std::move(done.error()));
      if (interrupt::requested()) break;
      if (made_.tried.back().within(bounds_) || (keep > 0 && keep >= half)) {
        made_.best = made_.tried.back();
        return made_;
      }
    }
    return std::nullopt;
  }

private:
  result<model_pointer> load(bert::precision precision, std::vector<product_name> kept) {
    bert::engine_options options{precision, 1, "cpu", std::move(kept)};
    return bert::ner_model::load(model_dir_, options);
  }

  result<std::vector<bert::tag_sequence>> tags_of(const model_pointer& model) {
    tagging_options how;
    how.threads = threads_;
    auto tags = tag_corpus(model, data_.sentences, how, [](std::size_t) {});
    if (!tags) return tl::unexpected(std::move(tags.error()));
    // Interrupted: nobody looks at what comes of it.
    return std::move(*tags).value_or(std::vector<bert::tag_sequence>(data_.sentences.size()));
  }

  result<std::optional<double>> f1_of(const std::vector<bert::tag_sequence>& tags) {
    if (!data_.labelled || interrupt::requested()) return std::nullopt;
    const auto report = bert::entity_report(truth_, tags);
    if (!report) return tl::unexpected(report.error());
    return report->micro.f1;
  }

  result<void> read_reference() {
    say_("reading the data in fp32");
    auto model = load(bert::precision::fp32, {});
    if (!model) return tl::unexpected(std::move(model.error()));
    layers_ = (*model)->engine().config().num_layers;
    const auto tags = tags_of(*model);
    if (!tags) return tl::unexpected(tags.error());
    auto spans = spans_of(*tags);
    if (!spans) return tl::unexpected(std::move(spans.error()));
    reference_ = std::move(*spans);
    auto f1 = f1_of(*tags);
    if (!f1) return tl::unexpected(std::move(f1.error()));
    made_.f1_of_fp32 = *f1;
    made_.spans = reference_.size();
    return logits_of(**model, reference_logits_);
  }

  result<void> try_keeping(std::vector<product_name> kept) {
    say_(kept.empty() ? std::string{"reading the data in int8"}
                      : fmt::format("reading the data in int8 but for {} of {} products",
                                    kept.size(), layers_ * std::size(bert::all_layer_products)));
    auto model = load(bert::precision::int8, kept);
    if (!model) return tl::unexpected(std::move(model.error()));
    const auto tags = tags_of(*model);
    if (!tags) return tl::unexpected(tags.error());
    const auto spans = spans_of(*tags);
    if (!spans) return tl::unexpected(spans.error());
    const auto f1 = f1_of(*tags);
    if (!f1) return tl::unexpected(f1.error());
    quantize_outcome outcome{std::move(kept), 0, *f1, std::nullopt};
    const auto differ = std::max(missing(reference_, *spans), missing(*spans, reference_));
    outcome.differing_spans = static_cast<double>(differ) /
                              static_cast<double>(std::max<std::size_t>(1, reference_.size()));
    if (*f1 && made_.f1_of_fp32) outcome.f1_loss = *made_.f1_of_fp32 - **f1;
    made_.tried.push_back(std::move(outcome));
    return {};
  }

  /// Logits of the first sentences.
  result<void> logits_of(const bert::ner_model& model, std::vector<float>& out) {
    auto scratch = model.engine().make_workspace(model.max_length());
    if (!scratch) return tl::unexpected(std::move(scratch.error()));
    out.clear();
    for (std::size_t i = 0; i < std::min(ranking_sentences, data_.sentences.size()); ++i) {
      const auto prepared = model.prepare_words(data_.sentences[i].words);
      if (!prepared) return tl::unexpected(prepared.error());
      for (const auto& window : prepared->windows) {
        bert::packed_windows batch;
        batch.add(window);
        if (auto done = batch.classify(model.engine(), **scratch); !done) return done;
        const auto logits = batch.logits(0);
        out.insert(out.end(), logits.begin(), logits.end());
      }
    }
    return {};
  }

  /// All products, the one first that harms most when it alone is int8.
  result<std::vector<product_name>> rank() {
    std::vector<product_name> all;
    all.reserve(layers_ * std::size(bert::all_layer_products));
    for (std::size_t layer = 0; layer < layers_; ++layer)
      for (const auto product : bert::all_layer_products)
        all.push_back({layer, product});
    std::vector<std::pair<double, std::size_t>> errors;
    for (std::size_t i = 0; i < all.size() && !interrupt::requested(); ++i) {
      say_(fmt::format("looking at {}, {} of {}", to_string(all[i]), i + 1, all.size()));
      auto others = all;
      others.erase(others.begin() + static_cast<long>(i));
      auto model = load(bert::precision::int8, std::move(others));
      if (!model) return tl::unexpected(std::move(model.error()));
      std::vector<float> logits;
      if (auto done = logits_of(**model, logits); !done)
        return tl::unexpected(std::move(done.error()));
      double error = 0;
      for (std::size_t at = 0; at < logits.size(); ++at) {
        const double off = double(logits[at]) - double(reference_logits_[at]);
        error += off * off;
      }
      errors.emplace_back(-error, i);
    }
    std::sort(errors.begin(), errors.end());
    std::vector<product_name> ranked;
    ranked.reserve(errors.size());
    for (const auto& [error, index] : errors)
      ranked.push_back(all[index]);
    return ranked;
  }

  const std::filesystem::path model_dir_;
  const quantize_data& data_;
  const quantize_bounds& bounds_;
  const std::size_t threads_;
  const std::function<void(const std::string&)>& say_;
  std::vector<bert::tag_sequence> truth_;
  std::size_t layers_ = 0;
  std::set<corpus_span> reference_;
  std::vector<float> reference_logits_;
  quantize_result made_;
};

} // namespace

result<std::optional<quantize_result>>
search_quantization(const std::filesystem::path& model_dir, const quantize_data& data,
                    const quantize_bounds& bounds, std::size_t threads,
                    const std::function<void(const std::string&)>& say) {
  return search{model_dir, data, bounds, threads, say}.run();
}

} // namespace troupe::cli
