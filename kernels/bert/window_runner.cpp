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

/// The longest first, stretch by stretch: the batches fill up better, and neighbours in attention are alike. Answers are
/// handed out by number, so nobody sees the order.
void sort_by_length(std::vector<window_ref>& refs, std::span<const prepared_text> texts) {
  const auto size = [&](const window_ref& ref) {
    return texts[ref.text].windows[ref.window].size();
  };
  for (std::size_t first = 0; first < refs.size(); first += defaults::sorted_windows) {
    const auto stretch = std::span{refs}.subspan(first).first(
        std::min(defaults::sorted_windows, refs.size() - first));
    std::stable_sort(stretch.begin(), stretch.end(),
                     [&](const auto& a, const auto& b) { return size(a) > size(b); });
  }
}

} // namespace

window_runner::window_runner(std::shared_ptr<const ner_model> model,
                             std::unique_ptr<workspace> scratch, std::size_t batch_tokens)
    : model_(std::move(model)), scratch_(std::move(scratch)), batch_tokens_(batch_tokens) {}

result<window_runner> window_runner::make(std::shared_ptr<const ner_model> model,
                                          std::size_t batch_tokens) {
  auto scratch = model->engine().make_workspace(std::max(batch_tokens, model->max_length()));
  if (!scratch) return tl::unexpected(std::move(scratch.error()));
  return window_runner{std::move(model), std::move(*scratch), batch_tokens};
}

result<void> window_runner::run(std::span<const prepared_text> texts, const sink& take) {
  auto refs = all_windows(texts);
  sort_by_length(refs, texts);
  for (std::size_t first = 0, last = 0; first < refs.size(); first = last) {
    batch_.clear();
    for (last = first; last < refs.size(); ++last) {
      const text::encoding& window = texts[refs[last].text].windows[refs[last].window];
      if (last > first && batch_.tokens() + window.size() > batch_tokens_) break;
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
