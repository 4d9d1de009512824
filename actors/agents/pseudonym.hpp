#pragma once

#include <string>
#include <string_view>

namespace troupe::agents {

/// @returns `value` in the spelling that pseudonyms are made of: lower case, without
///   spaces around and with single ones inside; for labels of numbers (PHONE, IBAN, ...) letters and digits alone.
[[nodiscard]] std::string normalised_value(std::string_view label, std::string_view value);

/// @returns `LABEL_3f9a1c`: the label and the first `defaults::pseudonym_digits` hexadecimal digits of
///   HMAC-SHA256(key, label, NUL, normalised value). Same key, label and value: same name.
///
/// A name hides its value from those without the key. Whoever has the key can try all values of a small set (phone
/// numbers, first names) and compare, so keep it as secret as the texts. Different values can get the same name: with
/// 600 different ones of a label, the probability that any two do is 1 %.
[[nodiscard]] std::string pseudonym(std::string_view label, std::string_view value,
                                    std::string_view key);

} // namespace troupe::agents
