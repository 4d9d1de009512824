#include "kernels/bert/packed_windows.hpp"

namespace troupe::bert {

void packed_windows::clear() {
  token_ids_.clear();
  token_type_ids_.clear();
  cu_seqlens_.assign(1, 0);
}

void packed_windows::add(const text::encoding& window) {
  token_ids_.insert(token_ids_.end(), window.token_ids.begin(), window.token_ids.end());
  token_type_ids_.insert(token_type_ids_.end(), window.token_type_ids.begin(),
                         window.token_type_ids.end());
  cu_seqlens_.push_back(static_cast<std::uint32_t>(token_ids_.size()));
}

result<void> packed_windows::classify(const engine& on, workspace& scratch) {
  labels_ = on.config().labels.size();
  logits_.resize(tokens() * labels_);
  return on.classify({token_ids_, token_type_ids_, cu_seqlens_}, scratch, logits_);
}

std::span<const float> packed_windows::logits(std::size_t window) const {
  const std::size_t first = cu_seqlens_[window], last = cu_seqlens_[window + 1];
  return std::span{logits_}.subspan(first * labels_, (last - first) * labels_);
}

} // namespace troupe::bert
