#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace troupe::pii {

/// A run of letters, digits and underscores, with apostrophes inside; hyphens part words.
struct word {
  std::string_view text;
  /// Its place in the text that was read.
  std::size_t start = 0;
  bool starts_upper = false;
  /// Starts with a letter of a script that knows no case.
  bool is_caseless = false;
  bool has_digit = false;
  bool only_digits = false;
  /// Has a digit, an underscore, or capitals inside that no name has: "AuthService", but not "McLeod" or "O'Brien".
  bool is_identifier = false;
  /// A hyphen stands right before it.
  bool follows_hyphen = false;
};

/// The words of a text, one after the other. @param text valid UTF-8; must outlive the reader and its words.
class word_reader {
public:
  explicit word_reader(std::string_view text) : text_(text) {}
  [[nodiscard]] std::optional<word> next();

private:
  std::string_view text_;
  std::size_t at_ = 0;
};

/// Whether `word` is `lower` when its ASCII letters are made lower-case.
[[nodiscard]] bool equals_lower(std::string_view word, std::string_view lower);

/// Whether a name can be written like this: it starts with a capital or a letter without case, is no identifier, and no
/// ordinary word.
[[nodiscard]] bool looks_like_name(const word& word);

} // namespace troupe::pii
