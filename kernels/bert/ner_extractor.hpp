#pragma once

#include "kernels/bert/ner_model.hpp"
#include "kernels/bert/text_groups.hpp"
#include "kernels/bert/window_runner.hpp"

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::bert {

struct ner_options {
  decode_options how{};
  window_options windows{};
  equal_texts equal = equal_texts::computed_once;
};

/// Finds entities with one model on the calling thread; owns its scratch memory. One thread at a
/// time; make one per thread. When not to use: to serve many callers at once take
/// `inference::service`, which batches across them.
class ner_extractor {
public:
  /// @param batch_tokens the most tokens of one batch, except that a longer window goes alone.
  /// @returns the engine's errors.
  [[nodiscard]] static result<ner_extractor>
  make(std::shared_ptr<const ner_model> model, std::size_t batch_tokens = defaults::batch_tokens);

  /// The entities of every text, in the order of `texts`. Nothing is kept from call to call.
  /// @returns errors of `ner_model::prepare` and of the engine.
  [[nodiscard]] result<std::vector<std::vector<ner_span>>>
  extract(std::span<const std::string_view> texts, const ner_options& options = {});

  /// The entities of one text.
  [[nodiscard]] result<std::vector<ner_span>> extract(std::string_view text,
                                                      const ner_options& options = {});

  /// The entities of texts that are prepared already, e.g. from words.
  [[nodiscard]] result<std::vector<std::vector<ner_span>>> run(std::span<const prepared_text> texts,
                                                               const decode_options& how);

private:
  explicit ner_extractor(window_runner runner) : runner_(std::move(runner)) {}

  window_runner runner_;
};

} // namespace troupe::bert
