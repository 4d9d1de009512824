#pragma once

#include <exception>
#include <optional>
#include <string>
#include <utility>

namespace troupe::runtime {

/// Runs code that is not ours. @returns what it threw, as text.
template <class F>
[[nodiscard]] std::optional<std::string> thrown_by(F&& run) {
  try {
    std::forward<F>(run)();
    return std::nullopt;
  } catch (const std::exception& e) {
    return e.what();
  } catch (...) {
    return "something that is no std::exception";
  }
}

} // namespace troupe::runtime
