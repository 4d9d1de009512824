#pragma once

#include <string_view>

namespace troupe::pii {

/// Whether `word` (ASCII letters, any case) is an ordinary word of program messages and mails that is hardly ever a name
/// by itself. Words that are given names as well ("Grace", "Mark", "Will") are left out. Any thread.
///
/// The list: words that are frequent in lower case in the documentation and the messages of free software, and words of
/// logs and mails added by hand; less what is a given name, or a frequent family name and no word of logs.
[[nodiscard]] bool is_common_word(std::string_view word);

/// Whether `word` (ASCII letters, any case) is a frequent given name, or such a family name, and no ordinary word: what a
/// person may be called in a text without capitals. Any thread.
[[nodiscard]] bool is_given_name(std::string_view word);

} // namespace troupe::pii
