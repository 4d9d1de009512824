#include "kernels/bert/window_merge.hpp"

#include "kernels/bert/piece_text.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace troupe::bert {

window_layout::window_layout(std::span<const std::size_t> sizes, std::size_t stride) {
  std::size_t start = 0;
  for (std::size_t window = 0; window < sizes.size(); ++window) {
    starts_.push_back(start);
    const std::size_t end = start + sizes[window];
    start = end - std::min(stride, sizes[window]);
    // Piece g lies g - start from the next window's cut and end - 1 - g from this one's: the next
    // window is better from the middle of the overlap on.
    const bool last = window + 1 == sizes.size();
    ends_.push_back(last || start + end == 0 ? end : (start + end - 1) / 2 + 1);
  }
}

span_collector::span_collector(std::string_view text, const label_set& labels,
                               const decode_options& how, window_layout layout)
    : text_(text), labels_(&labels), how_(how), layout_(std::move(layout)),
      whole_(layout_.windows() > 1 && how.how != aggregation::none && how.by_farthest_window()),
      by_window_(layout_.windows()), pieces_(whole_ ? layout_.windows() : 0) {}

result<void> span_collector::add(std::size_t window, std::span<const decode_token> tokens,
                                 std::span<const float> logits) {
  if (auto checked = check_window(text_, tokens, logits, *labels_); !checked) return checked;
  if (whole_) {
    keep_pieces(window, tokens, logits);
    return {};
  }
  auto spans = decode_checked(text_, tokens, logits, *labels_, how_);
  if (how_.how == aggregation::none) keep_owned(window, spans);
  by_window_[window] = std::move(spans);
  return {};
}

void span_collector::keep_pieces(std::size_t window, std::span<const decode_token> tokens,
                                 std::span<const float> logits) {
  const auto [first, last] = layout_.owned(window);
  const std::size_t width = labels_->size();
  std::size_t piece = layout_.start(window);
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    if (tokens[i].special) continue;
    if (piece >= first && piece < last) {
      const auto row = logits.subspan(i * width, width);
      pieces_[window].tokens.push_back(tokens[i]);
      pieces_[window].logits.insert(pieces_[window].logits.end(), row.begin(), row.end());
    }
    ++piece;
  }
}

std::vector<byte_span> span_collector::decode_pieces() {
  owned_pieces all;
  for (owned_pieces& part : pieces_) {
    all.tokens.insert(all.tokens.end(), part.tokens.begin(), part.tokens.end());
    all.logits.insert(all.logits.end(), part.logits.begin(), part.logits.end());
    part = {};
  }
  return decode_checked(text_, all.tokens, all.logits, *labels_, how_);
}

void span_collector::keep_owned(std::size_t window, std::vector<byte_span>& spans) const {
  const auto [first, last] = layout_.owned(window);
  const std::size_t start = layout_.start(window);
  std::erase_if(spans, [&, first = first, last = last](const byte_span& span) {
    const std::size_t piece = start + static_cast<std::size_t>(span.index) - 1; // after [CLS]
    return piece < first || piece >= last;
  });
  for (byte_span& span : spans)
    span.index += static_cast<std::int32_t>(start);
}

bool span_collector::replaces(const byte_span& challenger, const byte_span& kept) const {
  const auto length = [this](const byte_span& span) {
    return codepoints(text_.substr(span.start, span.end - span.start));
  };
  const std::size_t challenging = length(challenger), keeping = length(kept);
  return challenging > keeping || (challenging == keeping && challenger.score > kept.score);
}

std::vector<byte_span> span_collector::merge(std::vector<byte_span> spans) const {
  std::stable_sort(spans.begin(), spans.end(),
                   [](const byte_span& a, const byte_span& b) { return a.start < b.start; });
  std::vector<byte_span> merged;
  for (byte_span& span : spans) {
    if (merged.empty() || span.start >= merged.back().end)
      merged.push_back(std::move(span));
    else if (replaces(span, merged.back()))
      merged.back() = std::move(span);
  }
  return merged;
}

std::vector<ner_span> span_collector::finish() {
  if (whole_) return locate(text_, decode_pieces(), *labels_, how_.how);
  std::vector<byte_span> all;
  for (auto& spans : by_window_)
    std::move(spans.begin(), spans.end(), std::back_inserter(all));
  by_window_.clear();
  if (how_.how != aggregation::none && layout_.windows() > 1) all = merge(std::move(all));
  return locate(text_, std::move(all), *labels_, how_.how);
}

} // namespace troupe::bert
