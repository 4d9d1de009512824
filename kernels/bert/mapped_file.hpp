#pragma once

#include "kernels/result.hpp"

#include <cstddef>
#include <filesystem>
#include <span>

namespace troupe::bert {

/// A file mapped read-only into memory. Moves, does not copy. Any thread may read the bytes while
/// it lives. A file that another process shortens while it is mapped ends this process (SIGBUS), as
/// with any mapping: replace models by renaming, never by writing into them.
class mapped_file {
public:
  /// @returns `unreadable_file` when `path` is missing, not a regular file, or cannot be mapped.
  [[nodiscard]] static result<mapped_file> open(const std::filesystem::path& path);

  mapped_file(mapped_file&& other) noexcept;
  mapped_file& operator=(mapped_file&& other) noexcept;
  ~mapped_file();

  /// Valid as long as this object, or the one it was moved to.
  [[nodiscard]] std::span<const std::byte> bytes() const { return bytes_; }

private:
  explicit mapped_file(std::span<const std::byte> bytes) : bytes_{bytes} {}

  std::span<const std::byte> bytes_;
};

} // namespace troupe::bert
