#pragma once

#include "kernels/result.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace troupe::scheduling {

/// A workflow of a stream.
struct stream_arrival {
  std::string id;
  /// File name of its trace, without a folder.
  std::string instance;
  /// Seconds from the start of the stream.
  double arrival_seconds = 0;
};

/// Workflows that arrive one after another at a cluster: what a file of format wfstream-1 holds.
struct arrival_stream {
  std::string name;
  /// Name of the cluster that it is for.
  std::string cluster;
  /// Mean demand of the arrivals as a part of what the cluster can do.
  double load = 0;
  /// Standard deviation of the logarithm of true run time / estimate.
  double sigma = 0;
  std::uint64_t seed = 0;
  std::vector<stream_arrival> workflows;
};

/// True run time / estimate of every task of a stream: what a file of format wftruth-1 holds.
struct stream_truth {
  /// Name of the stream.
  std::string stream;
  /// By workflow in the order of the stream, then by task.
  std::vector<std::vector<double>> factors;
};

/// Draws the factors of a stream, lognormal with median 1; equal on every machine.
/// @param tasks number of tasks of each workflow of the stream.
[[nodiscard]] stream_truth draw_truth(const arrival_stream& stream,
                                      const std::vector<std::uint32_t>& tasks, std::uint64_t seed);

} // namespace troupe::scheduling
