#pragma once

#include "actors/workflow/event.hpp"
#include "kernels/result.hpp"

#include <cstddef>
#include <string>

namespace troupe::workflow {

/// What a run may be called.
struct tag_bounds {
  static constexpr std::size_t tags = 32;
  static constexpr std::size_t key_bytes = 64;
  static constexpr std::size_t value_bytes = 256;
};

/// @returns `bad_input` naming the tag that is beyond `tag_bounds`, or not of the characters that it may have.
[[nodiscard]] result<void> check_tags(const run_tags& tags);

/// Adds `KEY=VALUE`, or a key that is there already with the same value.
/// @returns `bad_input` for another form, and for a key with two values.
[[nodiscard]] result<void> add_tag(const std::string& assignment, run_tags& into);

} // namespace troupe::workflow
