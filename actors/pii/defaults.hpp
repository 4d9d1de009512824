#pragma once

#include <array>
#include <cstddef>
#include <string_view>
#include <utility>

/// Tunables of redaction.
namespace troupe::pii::defaults {

/// A line longer than this is read by the models in parts, cut at ends of sentences.
inline constexpr std::size_t part_bytes = 512;
/// Texts that go to a model in one call.
inline constexpr std::size_t texts_per_call = 128;
/// What one thread keeps of answers that it knows.
inline constexpr std::size_t cache_bytes = std::size_t{8} << 20;
/// What one thread works on at a time. The smaller, the sooner output comes; the larger, the fuller the batches.
inline constexpr std::size_t block_bytes = std::size_t{128} << 10;
/// A line of a text output longer than this is cut at a safe place (`safe_cut`).
inline constexpr std::size_t line_bytes = std::size_t{1} << 20;
/// Blocks that wait for each thread, done or not.
inline constexpr std::size_t blocks_per_thread = 4;
/// And all together, where blocks are large: texts that have to be whole.
inline constexpr std::size_t bytes_under_way = std::size_t{64} << 20;
inline constexpr std::size_t max_threads = 256;

/// The least score of what models find. By label where another one gave a better F2 (recall counts twice) over generated
/// logs and mails and over news (docs/redaction.md): names are taken when in doubt, numbers only when sure.
inline constexpr double threshold = 0.5;
inline constexpr std::array<std::pair<std::string_view, double>, 6> thresholds{{
    {"GIVEN_NAME", 0.3},
    {"SURNAME", 0.2},
    {"STREET_NAME", 0.3},
    {"BUILDING_NUMBER", 0.7},
    {"ZIP_CODE", 0.7},
    {"DRIVERS_LICENSE", 0.7},
}};

constexpr double threshold_of(std::string_view label) {
  for (const auto& [of, score] : thresholds)
    if (of == label) return score;
  return threshold;
}

} // namespace troupe::pii::defaults
