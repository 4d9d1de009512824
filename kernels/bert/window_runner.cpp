#include "kernels/bert/window_runner.hpp"

#include <algorithm>
#include <utility>
#include <vector>

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

window_runner::window_runner(std::shared_ptr<const ner_model> model,
                             std::unique_ptr<workspace> scratch)
    : model_(std::move(model)), scratch_(std::move(scratch)) {}

result<window_runner> window_runner::make(std::shared_ptr<const ner_model> model,
                                          std::size_t batch_tokens) {
  auto scratch = model->engine().make_workspace(std::max(batch_tokens, model->max_length()));
  if (!scratch) return tl::unexpected(std::move(scratch.error()));
  return window_runner{std::move(model), std::move(*scratch)};
}

result<void> window_runner::run(std::span<const prepared_text> texts, const sink& take) {
  const auto refs = all_windows(texts);
  for (std::size_t first = 0, last = 0; first < refs.size(); first = last) {
    batch_.clear();
    for (last = first; last < refs.size(); ++last) {
      const text::encoding& window = texts[refs[last].text].windows[refs[last].window];
      if (batch_.tokens() + window.token_ids.size() > scratch_->max_tokens()) break;
      batch_.add(window);
    }
    if (auto ran = batch_.classify(model_->engine(), *scratch_); !ran) return ran;
    for (std::size_t i = first; i < last; ++i)
      if (auto taken = take(refs[i].text, refs[i].window, batch_.logits(i - first)); !taken)
        return taken;
  }
  return {};
}

} // namespace troupe::bert
