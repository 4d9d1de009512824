#include "kernels/bert/ner_extractor.hpp"

#include <algorithm>
#include <utility>

namespace troupe::bert {
namespace {

/// Window `window` of text `text`.
struct window_ref {
  std::size_t text = 0, window = 0;
};

std::vector<window_ref> all_windows(std::span<const prepared_text> texts) {
  std::vector<window_ref> refs;
  for (std::size_t text = 0; text < texts.size(); ++text)
    for (std::size_t window = 0; window < texts[text].windows.size(); ++window)
      refs.push_back({text, window});
  return refs;
}

} // namespace

ner_extractor::ner_extractor(std::shared_ptr<const ner_model> model,
                             std::unique_ptr<workspace> scratch)
    : model_(std::move(model)), scratch_(std::move(scratch)) {}

result<ner_extractor> ner_extractor::make(std::shared_ptr<const ner_model> model,
                                          std::size_t batch_tokens) {
  auto scratch = model->engine().make_workspace(std::max(batch_tokens, model->max_length()));
  if (!scratch) return tl::unexpected(std::move(scratch.error()));
  return ner_extractor{std::move(model), std::move(*scratch)};
}

result<std::vector<std::vector<ner_span>>> ner_extractor::run(std::span<const prepared_text> texts,
                                                              aggregation how) {
  std::vector<span_collector> collectors;
  for (const auto& text : texts)
    collectors.push_back(model_->collect(text, how));
  const auto refs = all_windows(texts);
  for (std::size_t first = 0, last = 0; first < refs.size(); first = last) {
    batch_.clear();
    for (last = first; last < refs.size(); ++last) {
      const text::encoding& window = texts[refs[last].text].windows[refs[last].window];
      if (batch_.tokens() + window.token_ids.size() > scratch_->max_tokens()) break;
      batch_.add(window);
    }
    if (auto ran = batch_.classify(model_->engine(), *scratch_); !ran)
      return tl::unexpected(std::move(ran.error()));
    for (std::size_t i = first; i < last; ++i)
      if (auto decoded = model_->decode(texts[refs[i].text], refs[i].window,
                                        batch_.logits(i - first), collectors[refs[i].text]);
          !decoded)
        return tl::unexpected(std::move(decoded.error()));
  }
  std::vector<std::vector<ner_span>> found;
  found.reserve(collectors.size());
  for (auto& collector : collectors)
    found.push_back(collector.finish());
  return found;
}

result<std::vector<std::vector<ner_span>>>
ner_extractor::extract(std::span<const std::string_view> texts, const ner_options& options) {
  std::vector<prepared_text> prepared;
  prepared.reserve(texts.size());
  for (const std::string_view text : texts) {
    auto made = model_->prepare(text, options.windows);
    if (!made) return tl::unexpected(std::move(made.error()));
    prepared.push_back(std::move(*made));
  }
  return run(prepared, options.how);
}

result<std::vector<ner_span>> ner_extractor::extract(std::string_view text,
                                                     const ner_options& options) {
  auto found = extract({&text, 1}, options);
  if (!found) return tl::unexpected(std::move(found.error()));
  return std::move(found->front());
}

} // namespace troupe::bert
