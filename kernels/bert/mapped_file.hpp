#pragma once

#include "kernels/result.hpp"

#include <cstddef>
#include <filesystem>
#include <span>
#include <utility>

namespace troupe::bert {

/// An open file, mapped read-only into memory too. Moves, does not copy. Any thread may read while it
/// lives. The mapping costs nothing until it is touched, and touching it ends this process (SIGBUS)
/// when another process shortened the file meanwhile: loaders take `read`.
class mapped_file {
public:
  /// @returns `unreadable_file` when `path` is missing, not a regular file, or cannot be mapped.
  [[nodiscard]] static result<mapped_file> open(const std::filesystem::path& path);

  mapped_file(mapped_file&& other) noexcept;
  mapped_file& operator=(mapped_file&& other) noexcept;
  ~mapped_file();

  /// Copies the bytes from `offset` on into `out`, without the mapping. Blocks on disk.
  /// @returns `unreadable_file` when the file ends before `out` is full (it was shortened since it was
  ///          opened), or cannot be read.
  [[nodiscard]] result<void> read(std::size_t offset, std::span<std::byte> out) const;

  /// The size when the file was opened, in bytes.
  [[nodiscard]] std::size_t size() const { return bytes_.size(); }

  /// Valid as long as this object, or the one it was moved to.
  [[nodiscard]] std::span<const std::byte> bytes() const { return bytes_; }

private:
  explicit mapped_file(std::filesystem::path path, int descriptor)
      : path_{std::move(path)}, descriptor_{descriptor} {}

  std::filesystem::path path_;
  int descriptor_ = -1;
  std::span<const std::byte> bytes_;
};

} // namespace troupe::bert
