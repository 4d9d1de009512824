#pragma once

#include <system_error>

namespace troupe::text {

/// Why something in kernels/text failed.
enum class text_errc {
  none = 0,
  /// A file of the model folder is missing, unreadable or larger than the bound in defaults.hpp.
  unreadable_file,
  /// vocab.txt is empty or not UTF-8.
  bad_vocabulary,
  /// tokenizer_config.json or config.json is not JSON, or a key of it has the wrong type or an unusable value.
  bad_config,
  /// A special token of the configuration is not in the vocabulary.
  missing_special_token,
  /// The configuration asks for something that this tokenizer does not do.
  unsupported,
  /// A window length and stride that leave no progress.
  bad_window,
  /// The text, or what its windows would hold, is beyond the bounds in defaults.hpp.
  too_long,
};

/// The category of `text_errc`, named "text".
const std::error_category& text_category() noexcept;
std::error_code make_error_code(text_errc code) noexcept;

} // namespace troupe::text

template <>
struct std::is_error_code_enum<troupe::text::text_errc> : std::true_type {};
