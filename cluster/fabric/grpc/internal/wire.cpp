#include "cluster/fabric/grpc/internal/wire.hpp"

#include "cluster/fabric/errc.hpp"
#include "cluster/fabric/grpc/defaults.hpp"

#include <grpc/grpc_security_constants.h>
#include <grpc/impl/codegen/grpc_types.h>

namespace troupe::cluster {
namespace {

constexpr std::size_t longest_reason = 1'000;

int count_of(std::chrono::milliseconds time) {
  return static_cast<int>(time.count());
}

fabric_errc code_of(const grpc::Status& status) {
  switch (status.error_code()) {
  case grpc::StatusCode::UNAUTHENTICATED:
  case grpc::StatusCode::PERMISSION_DENIED:
    return fabric_errc::not_trusted;
  case grpc::StatusCode::INVALID_ARGUMENT:
  case grpc::StatusCode::UNIMPLEMENTED:
  case grpc::StatusCode::RESOURCE_EXHAUSTED:
    return fabric_errc::bad_peer;
  default:
    return fabric_errc::closed;
  }
}

bool has(const std::string& text, const char* part) {
  return text.find(part) != std::string::npos;
}

/// No link came of it, and neither side has said why in its own words.
error explain_failure(const grpc::Status& status, const stream_story& of) {
  const auto& text = status.error_message();
  if (of.trusted)
    return {fabric_errc::not_trusted,
            of.address +
                " has ended the connection after the handshake: it may not trust this "
                "node's certificate, and its log says why (" +
                text + ")"};
  if (has(text, "andshake") || has(text, "SSL") || has(text, "ALPN"))
    return {fabric_errc::bad_peer, of.address +
                                       " does not speak as a node does; is another "
                                       "program there? (" +
                                       text + ")"};
  return {fabric_errc::unreachable,
          of.address +
              " does not answer; is the node running, and does a firewall let it be "
              "reached? (" +
              text + ")"};
}

} // namespace

std::vector<std::pair<std::string, int>> common_settings(const wire_bounds& bounds) {
  std::vector<std::pair<std::string, int>> settings{
      // Nothing between the stream and HTTP/2: no compression (whose bombs gRPC 1.51 does not bound), no retries.
      {GRPC_ARG_MINIMAL_STACK, 1},
      {GRPC_ARG_MAX_METADATA_SIZE, grpc_defaults::metadata_bytes},
      // gRPC 1.51 holds a message against its limit after it has received all of it; so do we, and say so.
      {GRPC_ARG_MAX_RECEIVE_MESSAGE_LENGTH, -1},
      {GRPC_ARG_HTTP2_STREAM_LOOKAHEAD_BYTES, grpc_defaults::lookahead_bytes},
      {GRPC_ARG_HTTP2_BDP_PROBE, 0},
      {GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0},
  };
  if (bounds.keep_alive.count() > 0) {
    settings.emplace_back(GRPC_ARG_KEEPALIVE_TIME_MS, count_of(bounds.keep_alive));
    settings.emplace_back(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, count_of(bounds.keep_alive_answer));
  }
  return settings;
}

std::vector<std::pair<std::string, int>> server_settings(const wire_bounds& bounds) {
  auto settings = common_settings(bounds);
  // The gate looks at the time, and can say of whom it has lost patience; this is for what slips through.
  settings.emplace_back(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, 2 * count_of(bounds.handshake));
  settings.emplace_back(GRPC_ARG_MAX_CONCURRENT_STREAMS, 1);
  // Else gRPC takes a peer that asks once a second whether we are alive for an attacker.
  settings.emplace_back(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
                        std::max(count_of(bounds.keep_alive) / 4, 1));
  return settings;
}

grpc::ChannelArguments client_arguments(const wire_bounds& bounds) {
  grpc::ChannelArguments arguments;
  for (const auto& [name, value] : common_settings(bounds))
    arguments.SetInt(name, value);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, count_of(bounds.handshake));
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1); // a connection for each link
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  arguments.SetInt(GRPC_ARG_SERVICE_CONFIG_DISABLE_RESOLUTION, 1);
  return arguments;
}

std::string certificate_in(const grpc::AuthContext& of) {
  const auto found = of.FindPropertyValues(GRPC_X509_PEM_CERT_PROPERTY_NAME);
  return found.size() == 1 ? std::string{found.front().data(), found.front().size()}
                           : std::string{};
}

grpc::Status to_status(const error& why) {
  auto code = grpc::StatusCode::ABORTED;
  if (why.code == fabric_errc::not_trusted) code = grpc::StatusCode::UNAUTHENTICATED;
  if (why.code == fabric_errc::bad_peer) code = grpc::StatusCode::INVALID_ARGUMENT;
  return {code, why.context.substr(0, longest_reason)};
}

error explain(const grpc::Status& status, const stream_story& of) {
  const bool in_its_words = status.error_code() != grpc::StatusCode::UNAVAILABLE &&
                            status.error_code() != grpc::StatusCode::CANCELLED;
  if (!of.was_open && !in_its_words) return explain_failure(status, of);
  const auto code = code_of(status);
  const auto& said = status.error_message();
  return {code, of.address + (code == fabric_errc::closed ? " ended the link" : " refuses") +
                    (said.empty() ? "" : ": " + said)};
}

} // namespace troupe::cluster
