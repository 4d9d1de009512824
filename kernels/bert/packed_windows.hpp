#pragma once

#include "kernels/bert/engine.hpp"
#include "kernels/text/wordpiece.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace troupe::bert {

/// Windows of several texts copied back to back: the batch an engine takes, and room for its
/// answer. Reuse one object per thread; it keeps its memory. One thread at a time.
class packed_windows {
public:
  void clear();
  void add(const text::encoding& window);

  [[nodiscard]] std::size_t windows() const { return cu_seqlens_.size() - 1; }
  [[nodiscard]] std::size_t tokens() const { return token_ids_.size(); }

  /// Runs the engine over the batch. @returns its errors.
  [[nodiscard]] result<void> classify(const engine& on, workspace& scratch);
  /// [tokens of window `window`, labels] what the last `classify` found; valid until the next
  /// change.
  [[nodiscard]] std::span<const float> logits(std::size_t window) const;

private:
  std::vector<std::int32_t> token_ids_, token_type_ids_;
  std::vector<std::uint32_t> cu_seqlens_{0};
  std::vector<float> logits_;
  std::size_t labels_ = 0;
};

} // namespace troupe::bert
