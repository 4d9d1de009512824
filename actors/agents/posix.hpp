#pragma once

#include "actors/runtime/failure.hpp"

#include <string>
#include <string_view>
#include <unistd.h>
#include <utility>

namespace troupe::agents {

/// Owns a file descriptor.
class file_descriptor {
public:
  explicit file_descriptor(int fd = -1) noexcept : fd_(fd) {}
  file_descriptor(file_descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  file_descriptor& operator=(file_descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~file_descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  [[nodiscard]] int get() const noexcept { return fd_; }
  [[nodiscard]] explicit operator bool() const noexcept { return fd_ >= 0; }

private:
  int fd_;
};

/// @returns the failure for what the system said about `path`: "cannot {action} {path}: {reason}; {remedy}".
[[nodiscard]] failure system_failure(int error_number, std::string_view action,
                                     std::string_view path);

/// Writes all of `text`. @returns 0 or an errno.
[[nodiscard]] int write_all(int fd, std::string_view text);

/// Reads to the end of the file, but at most `max_bytes`. @returns 0 or an errno.
[[nodiscard]] int read_all(int fd, std::size_t max_bytes, std::string& out);

} // namespace troupe::agents
