#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::workflow {

/// A place in a text file; line and column count from 1, 0 means unknown. Columns count bytes.
struct location {
  std::uint32_t line = 0;
  std::uint32_t column = 0;
};

/// One mistake in a definition: what is wrong and what to do about it.
struct diagnostic {
  /// File it stands in; empty for a definition that was not read from one.
  std::string file;
  location where;
  /// Place inside the definition, e.g. `steps.read.input.path`.
  std::string path;
  /// What is wrong and the remedy; one line.
  std::string message;

  /// `file:line:col: error: message`; `path: error: message` where there is no file.
  [[nodiscard]] std::string to_string() const;
};

using diagnostics = std::vector<diagnostic>;

/// All of them, one per line, without a final line end.
[[nodiscard]] std::string to_string(const diagnostics& mistakes);

/// @returns the candidate that `word` is most likely a slip of (edit distance at most a third of
///   its length, at least one), or an empty string. The first of equals wins.
[[nodiscard]] std::string nearest(std::string_view word, std::span<const std::string> candidates);

/// @returns "; did you mean 'X'?" for the nearest candidate; without one "; known are: a, b, c",
///   shortened after ten; nothing when there are no candidates.
[[nodiscard]] std::string suggestion(std::string_view word,
                                     std::span<const std::string> candidates);

} // namespace troupe::workflow
