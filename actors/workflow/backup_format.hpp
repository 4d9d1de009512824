#pragma once

#include "actors/workflow/errors.hpp"
#include "kernels/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>

/// What the writer and the reader of backups have in common.
namespace troupe::workflow::backup_format {

inline constexpr std::string_view first_line = "troupe backup 1\n";
/// A row of the largest reply, with room.
inline constexpr std::uint64_t largest_record = std::uint64_t{600} << 20;
/// What is said of a file that ends in the middle.
inline constexpr std::string_view cut_off = "is cut off";

[[nodiscard]] inline std::string length_of(std::size_t size) {
  std::string made;
  for (int i = 0; i < 4; ++i)
    made += static_cast<char>(size >> (8 * i));
  return made;
}

[[nodiscard]] inline std::uint32_t read_length(std::string_view bytes) {
  std::uint32_t made = 0;
  for (std::size_t i = 0; i < 4; ++i)
    made |= static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[i])) << (8 * i);
  return made;
}

/// Whether a file ends in the middle, and is not wrong up to there.
[[nodiscard]] inline bool is_cut_off(const error& what) {
  return what.code == workflow_errc::bad_backup && what.context.find(cut_off) != std::string::npos;
}

} // namespace troupe::workflow::backup_format
