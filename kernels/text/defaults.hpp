#pragma once

#include <cstddef>

/// Bounds and tunables of kernels/text, with units.
namespace troupe::text::defaults {

/// Longest text that is tokenised at once, bytes. Offsets are 32-bit; longer input is to be cut by the caller.
inline constexpr std::size_t max_text_bytes = std::size_t{1} << 30;

/// Most tokens that all windows of one text may have together (a stride close to the window repeats every token).
inline constexpr std::size_t max_window_tokens = std::size_t{1} << 27;

/// Largest vocab.txt and largest JSON file that is read, bytes.
inline constexpr std::size_t max_vocabulary_bytes = std::size_t{16} << 20;
inline constexpr std::size_t max_config_bytes = std::size_t{16} << 20;

/// What `model_max_length` is clipped to, tokens: folders say 1e30 when they mean "no limit".
inline constexpr std::size_t max_model_length = std::size_t{1} << 20;

/// Most code points of a normalised word that is looked up; a longer one becomes one unknown token, as in the reference.
inline constexpr std::size_t max_word_code_points = 100;

/// Most words of a vocabulary that are looked up whole, the first ones; a slot has 24 bytes and at least half stay empty.
inline constexpr std::size_t max_whole_words = std::size_t{1} << 17;

/// Words of several pieces that each thread remembers, a power of two; 64 bytes each.
inline constexpr std::size_t cached_words = std::size_t{1} << 13;

} // namespace troupe::text::defaults
