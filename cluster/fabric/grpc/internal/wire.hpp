#pragma once

#include "kernels/result.hpp"

#include <chrono>
#include <grpcpp/security/auth_context.h>
#include <grpcpp/support/channel_arguments.h>
#include <grpcpp/support/status.h>
#include <string>
#include <utility>
#include <vector>

/// What both sides say to gRPC, and how errors cross it.
namespace troupe::cluster {

/// The one method. Its stream carries frames, each a message, and gRPC does not look into them.
inline constexpr char connect_method[] = "/troupe.v1.Fabric/Connect";

/// In the headers with which the accepting side takes a link: gRPC gives a client empty ones where a call is refused at once.
inline constexpr char taken_header[] = "troupe-link";

struct wire_bounds {
  std::chrono::milliseconds handshake, keep_alive, keep_alive_answer;
};
/// Settings of gRPC for both sides.
[[nodiscard]] std::vector<std::pair<std::string, int>> common_settings(const wire_bounds& bounds);
[[nodiscard]] std::vector<std::pair<std::string, int>> server_settings(const wire_bounds& bounds);
[[nodiscard]] grpc::ChannelArguments client_arguments(const wire_bounds& bounds);

/// In PEM; empty where the peer has shown none.
[[nodiscard]] std::string certificate_in(const grpc::AuthContext& of);

/// How the accepting side says why it ends a stream, and what the other makes of it.
[[nodiscard]] grpc::Status to_status(const error& why);
struct stream_story {
  std::string address;
  /// The server's certificate was found good.
  bool trusted = false;
  bool was_open = false;
};
[[nodiscard]] error explain(const grpc::Status& status, const stream_story& of);

} // namespace troupe::cluster
