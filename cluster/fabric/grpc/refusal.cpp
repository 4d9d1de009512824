#include "cluster/fabric/grpc/refusal.hpp"

namespace troupe::cluster {

std::string_view to_string(refusal why) {
  static constexpr std::array<std::string_view, refusal_kinds> names{
      "too_many_connections", "too_many_pending", "too_slow",     "no_handshake", "no_certificate",
      "wrong_authority",      "expired",          "revoked",      "no_node",      "wrong_cluster",
      "wrong_host",           "not_wanted",       "frame_too_big"};
  return names.at(static_cast<std::size_t>(why));
}

} // namespace troupe::cluster
