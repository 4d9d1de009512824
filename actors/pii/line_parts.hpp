#pragma once

#include "actors/agents/spans.hpp"

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

namespace troupe::pii {

/// Where `text` can be cut at or before `most` bytes with the least harm: behind the end of a sentence, else behind a
/// comma or semicolon, else behind a blank before a lower-case letter, else behind a blank, else between two code points;
/// of the same kind the last, in the second half only. Digits with one separator between them stay together where they
/// can. @param text longer than `most`, which is at least 8.
[[nodiscard]] std::size_t safe_cut(std::string_view text, std::size_t most);

/// Parts `line` into stretches of about `part_bytes` that lie end to end; no span of `settled` is cut.
/// @param settled in order, without overlap.
[[nodiscard]] std::vector<agents::byte_span>
parts_of(std::string_view line, std::span<const agents::pii_span> settled, std::size_t part_bytes);

} // namespace troupe::pii
