#pragma once

#include "actors/agents/posix.hpp"
#include "kernels/result.hpp"

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <utility>

namespace troupe::cluster {

inline constexpr mode_t private_mode = 0600, public_mode = 0644;

/// The bytes of a regular file of at most `limit` bytes.
/// @returns `pki_errc::not_found` where there is none, `file_failed` or `damaged` (too long).
[[nodiscard]] result<std::string> read_file(const std::filesystem::path& file, std::size_t limit);

/// Puts `text` in the place of `file` at once, on disk when it returns: whoever reads sees all of the old or all of the new.
[[nodiscard]] result<void> write_file(const std::filesystem::path& file, std::string_view text,
                                      mode_t mode);

/// Makes a folder and what leads to it. @returns `pki_errc::file_failed`.
[[nodiscard]] result<void> make_folder(const std::filesystem::path& folder);

/// Held by the one process that changes a folder; goes with the process.
class folder_lock {
public:
  /// Waits for whoever holds it.
  [[nodiscard]] static result<folder_lock> take(const std::filesystem::path& folder);
  /// @returns nothing where another process holds it.
  [[nodiscard]] static result<std::optional<folder_lock>>
  try_take(const std::filesystem::path& folder);

private:
  static result<folder_lock> open(const std::filesystem::path& folder);
  explicit folder_lock(agents::file_descriptor held) : held_{std::move(held)} {}

  agents::file_descriptor held_;
};

} // namespace troupe::cluster
