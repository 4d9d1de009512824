#pragma once

#include <system_error>

namespace troupe::bert {

/// Why loading or running a model failed. Zero means none.
enum class bert_errc {
  none = 0,
  /// A file of the model folder is missing or cannot be read.
  unreadable_file,
  /// config.json is not JSON, or a field is missing, absurd or contradicts another.
  bad_config,
  /// A safetensors file or its index is damaged, or lies about its contents.
  bad_safetensors,
  /// A tensor that the model needs is missing, or has another shape or type than the config says.
  bad_weights,
  /// The model is sound, but no engine of this build can run it as asked on this machine.
  unsupported,
  /// A batch that no engine may run: ids out of range, lengths that do not add up, buffers too
  /// small.
  bad_batch,
  /// An engine's own machinery failed (out of memory, a vendor library's error).
  engine_failure,
  /// Options of a caller contradict each other or the model.
  bad_options,
  /// A text that is not UTF-8, or longer than what is taken.
  bad_text,
  /// Tags of a corpus that are no tags, or that do not fit each other.
  bad_tags,
  /// A labelled corpus that cannot be read.
  bad_corpus,
};

[[nodiscard]] const std::error_category& bert_category() noexcept;

[[nodiscard]] inline std::error_code make_error_code(bert_errc code) noexcept {
  return {static_cast<int>(code), bert_category()};
}

} // namespace troupe::bert

template <>
struct std::is_error_code_enum<troupe::bert::bert_errc> : std::true_type {};
