#pragma once

#include "kernels/result.hpp"

#include <filesystem>
#include <string>
#include <utility>

namespace troupe::cli {

/// A file that effects are appended to, a line each. A line is in the file once `append` returns, whatever becomes of the
/// process. Any thread.
class effect_file {
public:
  /// Opens or makes it. @returns the system's error.
  [[nodiscard]] static result<effect_file> open(const std::filesystem::path& path);
  effect_file(effect_file&& other) noexcept
      : path_(std::move(other.path_)), file_(std::exchange(other.file_, -1)),
        was_empty_(other.was_empty_) {}
  effect_file& operator=(effect_file&&) = delete;
  ~effect_file();

  /// @returns the system's error.
  [[nodiscard]] result<void> append(const std::string& line);
  /// When it was opened.
  [[nodiscard]] bool was_empty() const { return was_empty_; }

private:
  effect_file(std::filesystem::path path, int file, bool was_empty)
      : path_(std::move(path)), file_(file), was_empty_(was_empty) {}

  std::filesystem::path path_;
  int file_ = -1;
  bool was_empty_ = true;
};

} // namespace troupe::cli
