#pragma once

#include "kernels/result.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::cli {

/// Bytes of one file or of standard input, read as they come. A signal ends a wait for more (`interrupt`): streams of
/// the standard library take an interrupted read for the end of input and go on. One thread.
class byte_reader {
public:
  /// Standard input, which stays open.
  byte_reader() = default;
  /// @returns the open file, or the system's error without the path.
  [[nodiscard]] static result<byte_reader> open(const std::string& path);
  ~byte_reader();
  byte_reader(byte_reader&& other) noexcept;
  byte_reader& operator=(byte_reader&& other) noexcept;

  /// Reads up to `delimiter` (not kept), or to the end where there is none; stops one byte past `most`.
  /// @returns nothing at the end with no byte read and when a signal asked to stop; the system's error.
  [[nodiscard]] result<std::optional<std::string>> read_until(std::optional<char> delimiter,
                                                              std::size_t most);

  /// Appends what is there to read next, at least one byte, to `bytes`; waits for it.
  /// @returns false at the end and when a signal asked to stop; the system's error.
  [[nodiscard]] result<bool> read_some(std::string& bytes);

  /// Whether the next read has something to look at without waiting: bytes, the end, or an error.
  [[nodiscard]] bool ready() const;
  [[nodiscard]] bool at_end() const { return ended_; }

private:
  explicit byte_reader(int file) : file_{file} {}
  /// @returns false at the end and when a signal asked to stop.
  result<bool> fill();
  [[nodiscard]] std::string_view rest() const { return {buffer_.data() + begin_, end_ - begin_}; }

  int file_ = 0;
  std::vector<char> buffer_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  bool ended_ = false;
};

} // namespace troupe::cli
