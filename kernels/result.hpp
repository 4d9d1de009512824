#pragma once

#include <string>
#include <system_error>
#include <tl/expected.hpp>
#include <utility>

namespace troupe {

/// Why an operation failed: a code from the enum of the folder that found it, and a context a person can act on.
/// Every folder owns one error enum (zero means none) registered as a `std::error_category`.
struct error {
  std::error_code code;
  /// What was wrong, where, and what to do. One line, UTF-8, without a final full stop.
  std::string context;

  /// Code and context as one line.
  [[nodiscard]] std::string message() const {
    return context.empty() ? code.message() : code.message() + ": " + context;
  }
};

/// The value, or the reason why there is none. Functions that can fail return this and do not throw.
template <class T>
using result = tl::expected<T, error>;

/// Shorthand for a failed `result`: `return fail(text_errc::bad_vocab, path + " is empty");`
[[nodiscard]] inline tl::unexpected<error> fail(std::error_code code, std::string context) {
  return tl::unexpected(error{code, std::move(context)});
}

} // namespace troupe
