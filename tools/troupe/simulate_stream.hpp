#pragma once

#include "tools/troupe/exit_code.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace CLI {
class App;
}

/// `troupe simulate --arrivals FILE`: a stream of workflows on a cluster, under virtual time.
namespace troupe::cli {

struct stream_options {
  std::string arrivals;
  /// Empty: true run times are drawn.
  std::string truth;
  /// Folder of the traces; empty: that of the stream.
  std::string instances;
  /// Empty: events are not kept.
  std::string events;

  /// Adds the options that only streams have.
  void add_to(CLI::App& command);
};

/// Simulates the stream, writes the events and prints the figures.
/// @param policy empty: the default one.
/// @param seed of true run times that are drawn; nothing: the stream's.
[[nodiscard]] exit_code simulate_stream(const stream_options& options, const std::string& cluster,
                                        const std::string& policy,
                                        std::optional<std::uint64_t> seed, bool json);

} // namespace troupe::cli
