#pragma once

#include "cluster/fabric/grpc/refusal.hpp"
#include "cluster/pki/trust.hpp"

#include <functional>
#include <grpcpp/security/tls_certificate_verifier.h>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace troupe::cluster {

struct refused_certificate {
  refusal why;
  std::string reason;
};

/// Whether a peer's certificate makes it a node of this cluster.
class peer_check {
public:
  peer_check(std::unique_ptr<trust> against, std::string cluster)
      : trust_{std::move(against)}, cluster_{std::move(cluster)} {}

  /// @param pem empty where the peer has shown none.
  [[nodiscard]] tl::expected<trusted_certificate, refused_certificate> node(std::string_view pem,
                                                                            certificate_use use);
  /// The same of a server that was dialled as `host`.
  [[nodiscard]] tl::expected<trusted_certificate, refused_certificate>
  server(std::string_view pem, const std::string& host);
  [[nodiscard]] bool is_revoked(const std::string& serial) { return trust_->is_revoked(serial); }

private:
  const std::unique_ptr<trust> trust_;
  const std::string cluster_;
};

/// Asks `judge` about the certificate of everyone at the other end of a handshake; what it returns refuses it.
/// gRPC's own checks are off: they say nothing of why, keep the list of revocations that they have read first, and do not look
/// again when a session is taken up.
[[nodiscard]] std::shared_ptr<grpc::experimental::CertificateVerifier>
make_verifier(std::function<std::optional<std::string>(std::string_view pem)> judge);

} // namespace troupe::cluster
