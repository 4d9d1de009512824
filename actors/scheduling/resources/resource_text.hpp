#pragma once

#include "actors/scheduling/resources/resource_vector.hpp"

#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

namespace troupe::scheduling {

/// A value, or what is wrong and the remedy, in one line without a place.
template <class T>
using checked_text = tl::expected<T, std::string>;

/// Whether a resource may be called so: a letter, then letters, digits, '.', '_', '-' and '/', at most 64.
[[nodiscard]] checked_text<void> check_resource_name(std::string_view name);

/// Reads an amount: `cpu` in cores with up to three digits after the point, memory with a unit (B, kB, KiB, MB, MiB, GB,
/// GiB, TB, TiB), everything else a whole number. Never negative, at most `most_resource_amount`.
[[nodiscard]] checked_text<std::uint64_t> parse_amount(std::string_view name,
                                                       std::string_view text);

/// Reads `cpu=4,memory=8GiB,license=2`; ':' serves as '=', and blanks around names and amounts are left out. A name
/// appears once.
[[nodiscard]] checked_text<std::vector<resource_amount>> parse_resources(std::string_view text);

/// As `parse_amount` reads it, exactly: `0.5`, `2GiB`, `3`.
[[nodiscard]] std::string format_amount(std::string_view name, std::uint64_t amount);
/// As `parse_resources` reads it; "nothing" for an empty vector.
[[nodiscard]] std::string format_resources(const resource_vector& of);

/// Checks a vector that came as numbers: names, their count, amounts.
[[nodiscard]] checked_text<resource_vector>
make_resources(const std::vector<resource_amount>& amounts);

} // namespace troupe::scheduling
