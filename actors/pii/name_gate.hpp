#pragma once

#include <string_view>

namespace troupe::pii {

/// Whether a model could find a person, a place or the number of a document in `text` (a `model_text`). Says no only
/// where nothing but ordinary words, identifiers and numbers stands; then no model need read it. What says yes:
/// - a word that starts with a capital letter, or with a letter of a script without case, and is neither an ordinary
///   word (`is_common_word`) nor an identifier (an underscore, a digit, or capitals inside: "AuthService", not "McLeod");
/// - a number with a street behind it ("12 station road");
/// - a frequent given name in any case (`is_given_name`);
/// - a lower-case word that is no ordinary one behind a word such as "dear", "mr" or "name";
/// - digits behind a word such as "passport" or "fax", and numbers of the forms 123-45-6789, 123-456-7890, 456-7890.
/// What that misses is in docs/redaction.md. Linear in the text; any thread.
[[nodiscard]] bool can_hold_names(std::string_view text);

} // namespace troupe::pii
