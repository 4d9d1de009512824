#pragma once

#include <cstddef>

/// What the CPU engine was tuned to.
namespace troupe::cpu::defaults {

/// Tokens that go through all layers together: enough to use packed weights often, few enough that
/// their activations stay in a core's cache.
inline constexpr std::size_t group_tokens = 512;

/// Tokens that go through half a layer together where its weights have at most so many bytes; else a whole group does.
inline constexpr std::size_t near_piece_tokens = 192;
inline constexpr std::size_t near_bytes = 5 << 19;

/// Rows that a kernel may read at once; buffers have so many to spare.
inline constexpr std::size_t block_rows = 32;

/// Upper bound on a workspace, in tokens.
inline constexpr std::size_t max_workspace_tokens = 1 << 24;

/// Upper bound on `engine_options::threads_per_stream`.
inline constexpr std::size_t max_threads = 1024;

/// Rows of element-wise work that one thread takes at a time.
inline constexpr std::size_t rows_per_task = 16;

} // namespace troupe::cpu::defaults
