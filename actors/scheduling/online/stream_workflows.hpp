#pragma once

#include "actors/scheduling/online/simulator.hpp"
#include "actors/scheduling/online/stream.hpp"

#include <filesystem>
#include <vector>

namespace troupe::scheduling {

/// The workflows of a stream with their traces; each trace is read once. Their factors are empty.
/// @param instances the folder of the traces.
/// @returns `bad_stream` where the stream is for another cluster; an error of `load_trace` or `known_workflow::make`.
[[nodiscard]] result<std::vector<simulated_workflow>>
load_workflows(const arrival_stream& stream, const std::filesystem::path& instances,
               const cluster& on);

/// @returns `bad_truth` naming a workflow that has another number of tasks than the truth has factors.
[[nodiscard]] result<void> set_truth(std::vector<simulated_workflow>& workflows,
                                     const arrival_stream& stream, stream_truth truth);

/// The truth of a stream that has no file of it; see `draw_truth`.
[[nodiscard]] stream_truth draw_truth(const arrival_stream& stream,
                                      const std::vector<simulated_workflow>& workflows,
                                      std::uint64_t seed);

} // namespace troupe::scheduling
