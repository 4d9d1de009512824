#pragma once

#include "kernels/result.hpp"

#include <memory>
#include <string>
#include <tl/expected.hpp>

namespace troupe {

/// Why a request, an attempt or a run failed, checked and plain; `schemas/troupe/v1/failure.proto`
/// is its wire form.
struct failure {
  /// Stable machine-readable name, `area.reason`, e.g. "files.not_found"; retry policies list
  /// these.
  std::string type;
  /// For a person: what was wrong, where, what to do.
  std::string message;
  /// Whether another attempt can succeed.
  bool retryable = false;
};

/// What an agent answers.
template <class T>
using reply = tl::expected<T, failure>;

} // namespace troupe
