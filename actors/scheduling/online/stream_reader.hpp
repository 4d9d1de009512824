#pragma once

#include "actors/scheduling/online/stream.hpp"

#include <filesystem>
#include <string_view>

namespace troupe::scheduling {

/// Reads a stream of arrivals (JSON, format wfstream-1; docs/scheduling.md has its fields). File names of instances may not
/// name a folder.
/// @param file how errors name the text.
/// @returns `bad_stream` or `too_large` naming file, place and remedy.
[[nodiscard]] result<arrival_stream> parse_stream(std::string_view text, std::string_view file);

/// The same from a file; also `unreadable_file`.
[[nodiscard]] result<arrival_stream> load_stream(const std::filesystem::path& file);

/// Reads the true run times of a stream (JSON, format wftruth-1).
/// @param of the stream; workflows are put in its order.
/// @returns `bad_truth` naming file, place and remedy, also where it belongs to another stream; `too_large`.
[[nodiscard]] result<stream_truth> parse_truth(std::string_view text, std::string_view file,
                                               const arrival_stream& of);

/// The same from a file; also `unreadable_file`.
[[nodiscard]] result<stream_truth> load_truth(const std::filesystem::path& file,
                                              const arrival_stream& of);

} // namespace troupe::scheduling
