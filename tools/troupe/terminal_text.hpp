#pragma once

#include <cstddef>
#include <string>
#include <string_view>

/// Text from outside on its way to a terminal.
namespace troupe::cli {

/// The text with nothing in it that a terminal would take for more than a character: control characters (also those of
/// U+0080 to U+009F), marks that turn the direction of writing or are not seen, line and paragraph separators as `\n`,
/// `\x1b` or `\u{202e}`; what is no UTF-8 byte by byte as `\xff`.
[[nodiscard]] std::string printable(std::string_view of);

/// How many columns a printable text takes: two for wide East Asian characters and emoji, none for marks that combine.
[[nodiscard]] std::size_t columns_of(std::string_view printable_text);

/// The text in exactly so many columns: filled with blanks, or cut with a '~' at its end.
[[nodiscard]] std::string fit(std::string_view printable_text, std::size_t columns,
                              bool flush_right = false);

/// The text in at most so many columns.
[[nodiscard]] std::string cut(std::string_view printable_text, std::size_t columns);

} // namespace troupe::cli
