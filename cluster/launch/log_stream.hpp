#pragma once

#include "cluster/launch/cluster_spec.hpp"
#include "cluster/launch/provider.hpp"
#include "kernels/result.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::cluster {

/// When a line of a log was written, as it says itself: a moment (UTC, as ISO 8601 has it) at its beginning, with or without
/// brackets, or the member `time` of a JSON object.
[[nodiscard]] std::optional<std::chrono::sys_time<std::chrono::microseconds>>
time_of_line(std::string_view line);

/// Several logs that grow, as one stream of lines in the order of their times. A line without a time has that of the one
/// before it in the same log. Keeps about `launch_defaults::log_bytes` of each. One thread at a time.
class log_stream {
public:
  struct line {
    /// Index of the source.
    std::size_t source = 0;
    std::chrono::sys_time<std::chrono::microseconds> time;
    std::string text;
  };
  struct source {
    std::string name;
    /// Reads at most so many bytes from one on.
    std::function<result<log_part>(std::uint64_t from, std::size_t limit)> read;
  };

  explicit log_stream(std::vector<source> sources);

  [[nodiscard]] const source& source_of(const line& of) const { return logs_[of.source].from; }
  /// The next line; nothing where all logs were read to their end, which may have moved when this is called again.
  /// @param whole leave a last line without an end for later.
  [[nodiscard]] result<std::optional<line>> next(bool whole);

private:
  struct log {
    source from;
    std::uint64_t at = 0;
    std::string text{};
    std::size_t used = 0;
    std::chrono::sys_time<std::chrono::microseconds> time{};
    /// The first line that was not handed out.
    std::optional<std::string> first{};
  };

  [[nodiscard]] static result<void> fill(log& of, bool whole);

  std::vector<log> logs_;
};

/// The logs of a cluster's nodes, and of its own store.
struct cluster_logs {
  std::unique_ptr<node_provider> provider;
  std::vector<log_stream::source> sources;
};
/// @param nodes names; empty: all of them, and the store. @returns `launch_errc::not_found` for a node that is not known.
[[nodiscard]] result<cluster_logs> open_logs(const cluster_spec& spec,
                                             const std::vector<std::string>& nodes);

} // namespace troupe::cluster
