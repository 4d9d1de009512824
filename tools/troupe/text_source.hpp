#pragma once

#include "kernels/result.hpp"
#include "kernels/text/offsets.hpp"
#include "tools/troupe/input_files.hpp"

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
  /// The bytes as they were read, where that was done or `continues`; else empty, and the text is these bytes.
  std::string original;
  /// "-" for standard input.
  std::string file;
  /// 1, 2, ...; 0 when the text is a whole file.
  std::size_t line = 0;
  std::size_t replaced_sequences = 0;
  /// The text goes on: `original` is its beginning, `text` is empty, and `text_source::rest` has more.
  bool continues = false;
};

/// Translates byte offsets of `input.text` to those of the bytes that were read. Borrows the input.
class read_bytes {
public:
  explicit read_bytes(const input_text& input)
      : same_{input.original.empty()}, starts_{input.original}, ends_{input.original} {}

  /// Starts must not fall from call to call, nor must ends: else each step back costs a scan from the beginning.
  [[nodiscard]] std::size_t start(std::size_t byte) {
    return same_ ? byte : starts_.original(byte);
  }
  [[nodiscard]] std::size_t end(std::size_t byte) { return same_ ? byte : ends_.original(byte); }

private:
  bool same_;
  text::original_index starts_, ends_;
};

/// What a text longer than `text_source` gives whole comes to.
enum class long_text { refused, in_parts };

/// The texts of files in order, read as they are asked for. One thread.
class text_source {
public:
  /// @param files paths; "-" or none means standard input.
  text_source(std::vector<std::string> files, text_unit unit,
              long_text longer = long_text::refused);

  /// @returns the next text, nothing at the end or when a signal asked to stop (`interrupt`), or an error that names
  /// file and line: unreadable, a folder, or larger than `max_text_bytes`. With `long_text::in_parts`, what is larger
  /// than `whole_text_bytes` is given as its beginning.
  [[nodiscard]] result<std::optional<input_text>> next();

  /// More of a text that `continues`: bytes as they are read. @returns nothing behind its end and when a signal asked to
  /// stop; the error of `next`.
  [[nodiscard]] result<std::optional<std::string>> rest();

  /// Whether `next` would not have to wait for its first byte.
  [[nodiscard]] bool ready() const { return !files_.is_open() || files_.in().ready(); }

  static constexpr std::size_t max_text_bytes = std::size_t{64} << 20;
  /// Larger texts are read in parts where that is possible.
  static constexpr std::size_t whole_text_bytes = std::size_t{1} << 20;

private:
  result<std::optional<input_text>> next_line();
  result<std::optional<input_text>> whole_file();
  [[nodiscard]] std::optional<char> delimiter() const;
  [[nodiscard]] std::size_t most_bytes() const;
  result<std::optional<input_text>> make(std::string bytes, std::size_t line);

  input_files files_;
  text_unit unit_;
  long_text longer_;
  bool continues_ = false;
  std::size_t line_ = 0;
};

} // namespace troupe::cli
