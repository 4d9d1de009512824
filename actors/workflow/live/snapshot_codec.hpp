#pragma once

#include "actors/workflow/live/node_snapshot.hpp"
#include "kernels/result.hpp"

#include <string>
#include <string_view>

namespace troupe::workflow {

/// A snapshot as it is posted, and read by other processes. What is longer than `snapshot_bounds` says is cut.
[[nodiscard]] std::string encode_snapshot(const node_snapshot& of);

/// No snapshot has more bytes.
inline constexpr std::size_t most_snapshot_bytes = std::size_t{256} << 10;

/// Reads what another process has posted; nothing in it is trusted, and its texts may still have any characters in them.
/// @returns `snapshot_unreadable` for what is too long, malformed, of a newer format, or beyond `snapshot_bounds`.
[[nodiscard]] result<node_snapshot> decode_snapshot(std::string_view bytes);

} // namespace troupe::workflow
