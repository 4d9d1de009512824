#pragma once

#include "kernels/result.hpp"

#include <stdexcept>
#include <utility>

namespace troupe::test {

/// The value, or an exception with the error's message, which fails the test that asked.
template <class T>
T must(result<T> from) {
  if (!from) throw std::runtime_error{from.error().message()};
  if constexpr (!std::is_void_v<T>) return std::move(*from);
}

} // namespace troupe::test
