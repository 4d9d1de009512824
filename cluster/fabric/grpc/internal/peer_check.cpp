#include "cluster/fabric/grpc/internal/peer_check.hpp"

#include <utility>

namespace troupe::cluster {
namespace {

refusal why_refused(const error& because) {
  if (because.code == pki_errc::expired) return refusal::expired;
  if (because.code == pki_errc::revoked) return refusal::revoked;
  return because.code == pki_errc::bad_request ? refusal::no_node : refusal::wrong_authority;
}

class judging_verifier final : public grpc::experimental::ExternalCertificateVerifier {
public:
  explicit judging_verifier(std::function<std::optional<std::string>(std::string_view)> judge)
      : judge_{std::move(judge)} {}

  bool Verify(grpc::experimental::TlsCustomVerificationCheckRequest* request,
              std::function<void(grpc::Status)>, grpc::Status* at_once) override {
    const auto pem = request->peer_cert();
    auto refused = judge_({pem.data(), pem.size()});
    *at_once = refused ? grpc::Status{grpc::StatusCode::UNAUTHENTICATED, *refused} : grpc::Status{};
    return true;
  }
  void Cancel(grpc::experimental::TlsCustomVerificationCheckRequest*) override {}

private:
  const std::function<std::optional<std::string>(std::string_view)> judge_;
};

} // namespace

tl::expected<trusted_certificate, refused_certificate> peer_check::node(std::string_view pem,
                                                                        certificate_use use) {
  using refused = tl::unexpected<refused_certificate>;
  if (pem.empty()) return refused{{refusal::no_certificate, "it has shown no certificate"}};
  auto trusted = trust_->check(pem, use);
  if (!trusted) return refused{{why_refused(trusted.error()), trusted.error().message()}};
  if (trusted->who.cluster != cluster_)
    return refused{{refusal::wrong_cluster, "it is " + trusted->who.node + " of the cluster " +
                                                trusted->who.cluster + ", and this is one of " +
                                                cluster_}};
  return std::move(*trusted);
}

tl::expected<trusted_certificate, refused_certificate> peer_check::server(std::string_view pem,
                                                                          const std::string& host) {
  auto trusted = node(pem, certificate_use::server);
  if (!trusted) return trusted;
  if (auto named = check_host_of(pem, host); !named)
    return tl::unexpected(refused_certificate{refusal::wrong_host, named.error().message()});
  return trusted;
}

std::shared_ptr<grpc::experimental::CertificateVerifier>
make_verifier(std::function<std::optional<std::string>(std::string_view pem)> judge) {
  return grpc::experimental::ExternalCertificateVerifier::Create<judging_verifier>(
      std::move(judge));
}

} // namespace troupe::cluster
