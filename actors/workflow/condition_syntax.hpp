#pragma once

#include "actors/workflow/expression.hpp"
#include "actors/workflow/references.hpp"

#include <cstddef>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

namespace troupe::workflow {

/// A condition as it is written: references, numbers, 'texts', true and false; == != < <= > >= between two of them; and, or,
/// not (also && || !); parentheses. `not` binds tighter than `and`, `and` tighter than `or`; comparisons do not chain.
struct condition_syntax {
  enum class kind { literal, reference, comparison, negation, all, any };
  kind what = kind::literal;
  scalar literal;
  workflow::reference from;
  workflow::comparison how = comparison::equal;
  /// Two of a comparison, one of a negation, two or more of the others.
  std::vector<condition_syntax> parts;
  /// Byte of its literal or reference, of its operator otherwise.
  std::size_t offset = 0;
};

/// What a condition may at most be.
struct condition_limits {
  static constexpr std::size_t size_bytes = 4'096;
  /// Parentheses and `not` in each other.
  static constexpr std::size_t depth = 32;
};

/// Parses a condition within `condition_limits`. Linear in the size of `text`.
/// @returns the first mistake, with its remedy and its byte.
[[nodiscard]] tl::expected<condition_syntax, reference_mistake>
parse_condition(std::string_view text);

/// Calls `visit` for each reference in `from`, in order.
template <class Visit>
void each_reference(const condition_syntax& from, const Visit& visit) {
  if (from.what == condition_syntax::kind::reference) visit(from.from);
  for (const condition_syntax& part : from.parts)
    each_reference(part, visit);
}

} // namespace troupe::workflow
