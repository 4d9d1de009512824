#pragma once

#include "actors/scheduling/json_place.hpp"

#include <fmt/format.h>
#include <optional>
#include <string_view>
#include <utility>

namespace troupe::scheduling {

/// Reads the fields of a document one after another and keeps the first error; what follows it is not looked at, so a reader
/// goes straight through and asks for `problem` at its end.
class json_fields {
public:
  std::optional<error> problem;

  template <class T, class U>
  void take(T& into, result<U> read) {
    if (problem) return;
    if (read)
      into = static_cast<T>(std::move(*read));
    else
      problem = std::move(read.error());
  }
  /// A whole number from 0 to `most`.
  template <class T>
  void whole(T& into, const json_place& at, std::uint64_t most) {
    if (!problem) take(into, at.whole(most));
  }
  void number(double& into, const json_place& at) {
    if (!problem) take(into, at.number());
  }
  /// A number of the bounds given, or an error.
  void number(double& into, const json_place& at, double least, double most) {
    number(into, at);
    if (!problem && !(into >= least && into <= most))
      refuse(at, fmt::format("is {}; it must be from {} to {}", into, least, most));
  }
  void refuse(const json_place& at, std::string_view why) {
    if (!problem) problem = at.fail_here(why).value();
  }
};

} // namespace troupe::scheduling
