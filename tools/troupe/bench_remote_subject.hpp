#pragma once

#include "kernels/result.hpp"
#include "tools/troupe/bench_agents_subject.hpp"

#include <cstddef>
#include <filesystem>
#include <memory>
#include <vector>

namespace troupe::cli {

/// What one frame of a stream carried, on average.
struct frame_shape {
  double messages = 1;
  double bytes = 0;
};

/// What came of messages one way, and how they travelled.
struct one_way_found {
  bench_rate rate;
  frame_shape frames;
};

/// Something that carries messages between two ends of this process over loopback and mutual TLS: two nodes of troupe, or
/// gRPC alone as the floor. Its one link stays open from one measurement to the next. One thread.
class remote_subject {
public:
  virtual ~remote_subject() = default;

  /// One end asks the other, `count` times after some that do not count, each time after the answer, which is what was sent.
  /// @param bytes of the payload. @returns [count] round trips in microseconds.
  [[nodiscard]] virtual result<std::vector<double>> requests(std::size_t count,
                                                             std::size_t bytes) = 0;
  /// One end sends the other `count` messages without waiting. @param like the frames to send them in, where the subject
  /// does not decide that itself. @returns messages from the first sent to the last received.
  [[nodiscard]] virtual result<one_way_found> one_way(std::size_t count,
                                                      const frame_shape& like) = 0;
};

/// Certificates of the nodes "a" and "b" of a cluster "bench", made in a folder. Both listen at 127.0.0.1.
struct remote_certificates {
  [[nodiscard]] static result<remote_certificates> make(const std::filesystem::path& folder);
  /// Each with NODE.pem, NODE.key and ca.pem.
  std::filesystem::path a, b;
  std::filesystem::path revocations;
};

/// Two agent systems, each with a fabric over gRPC. @param workers threads that run agents, on each node.
[[nodiscard]] result<std::unique_ptr<remote_subject>>
troupe_nodes(const remote_certificates& with, std::size_t workers, std::size_t message_bytes);

/// One stream of bytes, with the same settings of gRPC, and a completion queue with one thread at each end.
[[nodiscard]] result<std::unique_ptr<remote_subject>>
bare_grpc_stream(const remote_certificates& with);

} // namespace troupe::cli
