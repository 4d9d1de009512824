#pragma once

#include "kernels/bert/ner_model.hpp"
#include "kernels/bert/packed_windows.hpp"

#include <cstddef>
#include <functional>
#include <memory>
#include <span>

namespace troupe::bert {

/// Runs the windows of many prepared texts through a model, packed into batches, on the calling
/// thread; owns its scratch memory. One thread at a time; make one per thread.
class window_runner {
public:
  /// Takes the logits [tokens of the window, labels] of window `window` of text `text`, float32,
  /// row-major; valid during the call only. An error ends the run.
  using sink = std::function<result<void>(std::size_t text, std::size_t window,
                                          std::span<const float> logits)>;

  /// @param batch_tokens the most tokens of one batch, except that a longer window goes alone.
  /// @returns the engine's errors.
  [[nodiscard]] static result<window_runner> make(std::shared_ptr<const ner_model> model,
                                                  std::size_t batch_tokens);

  /// Calls `take` for every window, in no order: windows are sorted by length before they are packed. @returns the engine's errors and those of `take`.
  [[nodiscard]] result<void> run(std::span<const prepared_text> texts, const sink& take);

  [[nodiscard]] const ner_model& model() const { return *model_; }

private:
  window_runner(std::shared_ptr<const ner_model> model, std::unique_ptr<workspace> scratch,
                std::size_t batch_tokens);

  std::shared_ptr<const ner_model> model_;
  std::unique_ptr<workspace> scratch_;
  std::size_t batch_tokens_;
  packed_windows batch_;
};

} // namespace troupe::bert
