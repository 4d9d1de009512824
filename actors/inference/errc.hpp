#pragma once

#include <system_error>

namespace troupe::inference {

/// What host-side functions of the service report beside the reasons of `kernels/`. What texts are answered is a
/// `failure`, see `service.hpp`.
enum class inference_errc {
  none = 0,
  /// No model of that name was added.
  unknown_model,
  /// The service stops or was stopped.
  stopping,
};

[[nodiscard]] const std::error_category& inference_category() noexcept;
[[nodiscard]] inline std::error_code make_error_code(inference_errc code) noexcept {
  return {static_cast<int>(code), inference_category()};
}

} // namespace troupe::inference

template <>
struct std::is_error_code_enum<troupe::inference::inference_errc> : std::true_type {};
