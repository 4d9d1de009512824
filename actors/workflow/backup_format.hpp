#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// What the writer and the reader of backups have in common.
namespace troupe::workflow::backup_format {

inline constexpr std::string_view first_line = "troupe backup 1\n";
/// A row of the largest reply, with room.
inline constexpr std::uint64_t largest_record = std::uint64_t{600} << 20;
/// What is before each record: its length, and that again with all bits turned. So a damaged length is not taken for a file
/// that ends in the middle, behind which an archive would be gone on with.
inline constexpr std::size_t frame_bytes = 8;

[[nodiscard]] inline std::string frame_of(std::size_t size) {
  const auto length = static_cast<std::uint32_t>(size);
  std::string made;
  for (const std::uint32_t each : {length, ~length})
    for (int i = 0; i < 4; ++i)
      made += static_cast<char>(each >> (8 * i));
  return made;
}

/// The four bytes at the beginning, the lowest first.
[[nodiscard]] inline std::uint32_t read_number(std::string_view bytes) {
  std::uint32_t made = 0;
  for (std::size_t i = 0; i < 4; ++i)
    made |= static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[i])) << (8 * i);
  return made;
}

/// The length of the record behind; nothing where this is no frame.
[[nodiscard]] inline std::optional<std::uint32_t> read_frame(std::string_view bytes) {
  const std::uint32_t length = read_number(bytes);
  if (read_number(bytes.substr(4)) != ~length) return std::nullopt;
  return length;
}

} // namespace troupe::workflow::backup_format
