#pragma once

#include <cstddef>
#include <string>

namespace troupe::cli {

/// What a made-up log looks like.
struct log_text_options {
  /// At least; it ends with a whole line.
  std::size_t bytes = 0;
  /// One line in so many holds personal data (names, mail and IP addresses, phone and card numbers); 0: none does.
  std::size_t personal_every = 5;
};

/// Lines of a log with times, ids, hashes and versions, some with personal data. The same options give the same text.
[[nodiscard]] std::string make_log_text(const log_text_options& options);

} // namespace troupe::cli
