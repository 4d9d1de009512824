#pragma once

#include "kernels/result.hpp"
#include "tools/troupe/byte_reader.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace troupe::cli {

/// Files that a command reads one after the other, each opened when it is its turn. One thread.
class input_files {
public:
  /// @param paths "-" or none means standard input.
  explicit input_files(std::vector<std::string> paths);

  /// Opens the next file. @returns whether there is one; an error that names it: unreadable, a folder.
  [[nodiscard]] result<bool> open_next();
  void close() { in_.reset(); }

  [[nodiscard]] bool is_open() const { return in_.has_value(); }
  /// Of the open file.
  [[nodiscard]] byte_reader& in() { return *in_; }
  [[nodiscard]] const byte_reader& in() const { return *in_; }
  /// Number and name of the file that was opened last; "-" for standard input.
  [[nodiscard]] std::size_t number() const { return next_ - 1; }
  [[nodiscard]] const std::string& path() const { return paths_[number()]; }
  [[nodiscard]] const std::string& path(std::size_t number) const { return paths_[number]; }

  /// What a failed read of that file is to its user.
  [[nodiscard]] tl::unexpected<error> unreadable(const error& why) const;

private:
  std::vector<std::string> paths_;
  std::size_t next_ = 0;
  std::optional<byte_reader> in_;
};

} // namespace troupe::cli
