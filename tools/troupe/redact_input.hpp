#pragma once

#include "actors/pii/stream.hpp"
#include "tools/troupe/input_files.hpp"
#include "tools/troupe/text_options.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace troupe::cli {

/// What a block of the input is made of.
enum class block_shape {
  /// Whole lines; one longer than `pii::defaults::line_bytes` is cut at a safe place.
  lines,
  /// Whole lines; one longer than `text_source::max_text_bytes` is an error.
  whole_lines,
  /// A file, at most that long.
  files,
};

/// Files as blocks, in order and read as they are asked for. One thread.
class redact_input {
public:
  /// @param files paths; "-" or none means standard input.
  redact_input(std::vector<std::string> files, block_shape shape);

  /// @returns nothing at the end and when a signal asked to stop (`interrupt`); an error that names the file: unreadable, a
  /// folder, or too large.
  [[nodiscard]] result<std::optional<pii::text_block>> next();
  [[nodiscard]] bool ready() const { return !files_.is_open() || files_.in().ready(); }
  /// The name of an input, as given.
  [[nodiscard]] const std::string& name(std::size_t input) const { return files_.path(input); }

private:
  result<std::optional<pii::text_block>> next_of_file();
  [[nodiscard]] std::optional<std::size_t> end_of_block() const;
  [[nodiscard]] std::size_t most_bytes() const;
  pii::text_block take(std::size_t size);
  [[nodiscard]] tl::unexpected<error> too_large() const;

  input_files files_;
  block_shape shape_;
  std::string pending_;
  /// Bytes of `pending_` up to the end of its first and its last whole line.
  std::size_t first_line_end_ = 0, last_line_end_ = 0;
  std::size_t line_ = 1;
};

} // namespace troupe::cli
