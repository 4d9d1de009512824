#pragma once

#include "kernels/result.hpp"
#include "tools/troupe/byte_reader.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace troupe::cli {

/// How input is cut into texts.
enum class text_unit { line, file };

/// One text and where it came from.
struct input_text {
  /// Valid UTF-8; malformed sequences were replaced by U+FFFD.
  std::string text;
  /// "-" for standard input.
  std::string file;
  /// 1, 2, ...; 0 when the text is a whole file.
  std::size_t line = 0;
  std::size_t replaced_sequences = 0;
};

/// The texts of files in order, read as they are asked for. One thread.
class text_source {
public:
  /// @param files paths; "-" or none means standard input.
  text_source(std::vector<std::string> files, text_unit unit);

  /// @returns the next text, nothing at the end or when a signal asked to stop (`interrupt`), or an error that names
  /// file and line: unreadable, a folder, or larger than `max_text_bytes`.
  [[nodiscard]] result<std::optional<input_text>> next();

  /// Whether `next` would not have to wait for its first byte.
  [[nodiscard]] bool ready() const { return !in_ || in_->ready(); }

  static constexpr std::size_t max_text_bytes = std::size_t{64} << 20;

private:
  result<bool> open_next_file();
  result<std::optional<input_text>> next_line();
  result<std::optional<input_text>> whole_file();
  result<std::optional<input_text>> make(std::string bytes, std::size_t line) const;
  [[nodiscard]] tl::unexpected<error> unreadable(const error& why) const;

  std::vector<std::string> files_;
  text_unit unit_;
  std::size_t next_file_ = 0;
  std::size_t line_ = 0;
  std::optional<byte_reader> in_;
};

} // namespace troupe::cli
