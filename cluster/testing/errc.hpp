#pragma once

#include <system_error>

namespace troupe::cluster::testing {

/// Why something of the test kit failed.
enum class testing_errc {
  none = 0,
  /// The text is no plan of faults.
  bad_plan,
};

[[nodiscard]] const std::error_category& testing_category() noexcept;
[[nodiscard]] inline std::error_code make_error_code(testing_errc code) noexcept {
  return {static_cast<int>(code), testing_category()};
}

} // namespace troupe::cluster::testing

template <>
struct std::is_error_code_enum<troupe::cluster::testing::testing_errc> : std::true_type {};
