#include "kernels/bert/ner_extractor.hpp"

#include <utility>

namespace troupe::bert {

result<ner_extractor> ner_extractor::make(std::shared_ptr<const ner_model> model,
                                          std::size_t batch_tokens) {
  auto runner = window_runner::make(std::move(model), batch_tokens);
  if (!runner) return tl::unexpected(std::move(runner.error()));
  return ner_extractor{std::move(*runner)};
}

result<std::vector<std::vector<ner_span>>> ner_extractor::run(std::span<const prepared_text> texts,
                                                              const decode_options& how) {
  std::vector<span_collector> collectors;
  for (const auto& text : texts)
    collectors.push_back(runner_.model().collect(text, how));
  const auto decode = [&](std::size_t text, std::size_t window, std::span<const float> logits) {
    return runner_.model().decode(texts[text], window, logits, collectors[text]);
  };
  if (auto ran = runner_.run(texts, decode); !ran) return tl::unexpected(std::move(ran.error()));
  std::vector<std::vector<ner_span>> found;
  found.reserve(collectors.size());
  for (auto& collector : collectors)
    found.push_back(collector.finish());
  return found;
}

result<std::vector<std::vector<ner_span>>>
ner_extractor::extract(std::span<const std::string_view> texts, const ner_options& options) {
  const auto groups = group_texts(texts, options.equal);
  std::vector<prepared_text> prepared;
  prepared.reserve(groups.texts.size());
  for (const std::string_view text : groups.texts) {
    auto made = runner_.model().prepare(text, options.windows);
    if (!made) return tl::unexpected(std::move(made.error()));
    prepared.push_back(std::move(*made));
  }
  auto found = run(prepared, options.how);
  if (!found) return found;
  return groups.hand_out(std::move(*found));
}

result<std::vector<ner_span>> ner_extractor::extract(std::string_view text,
                                                     const ner_options& options) {
  auto found = extract({&text, 1}, options);
  if (!found) return tl::unexpected(std::move(found.error()));
  return std::move(found->front());
}

} // namespace troupe::bert
