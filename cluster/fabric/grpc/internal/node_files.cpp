#include "cluster/fabric/grpc/internal/node_files.hpp"

#include "cluster/fabric/errc.hpp"

#include <cerrno>
#include <fstream>
#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_credentials_options.h>
#include <iterator>
#include <utility>

namespace troupe::cluster {
namespace {

using grpc::experimental::FileWatcherCertificateProvider;
using grpc::experimental::StaticDataCertificateProvider;

/// TLS 1.2 is the least that gRPC's TLS credentials take.
void set_common(grpc::experimental::TlsCredentialsOptions& options, verifier judge) {
  options.watch_root_certs();
  options.watch_identity_key_cert_pairs();
  options.set_certificate_verifier(std::move(judge));
  options.set_check_call_host(false); // the verifier knows whom it dialled
}

} // namespace

node_files files_of(const std::filesystem::path& folder, const std::string& node) {
  return {.certificate = folder / (node + ".pem"),
          .key = folder / (node + ".key"),
          .authority = folder / "ca.pem"};
}

result<std::string> read_pem(const std::filesystem::path& file) {
  std::ifstream in{file, std::ios::binary};
  std::string text{std::istreambuf_iterator<char>{in}, {}};
  if (in && !text.empty()) return text;
  return fail(fabric_errc::bad_option,
              "cannot read " + file.string() + "; issue the node a certificate into that folder");
}

result<std::shared_ptr<grpc::ChannelCredentials>> client_credentials(const node_files& own,
                                                                     verifier judge) {
  auto certificate = read_pem(own.certificate), key = read_pem(own.key),
       authority = read_pem(own.authority);
  for (const auto* text : {&certificate, &key, &authority})
    if (!*text) return tl::unexpected(text->error());
  grpc::experimental::TlsChannelCredentialsOptions options;
  options.set_certificate_provider(std::make_shared<StaticDataCertificateProvider>(
      *authority, std::vector<grpc::experimental::IdentityKeyCertPair>{{*key, *certificate}}));
  options.set_verify_server_certs(false); // by the verifier instead
  set_common(options, std::move(judge));
  return grpc::experimental::TlsCredentials(options);
}

std::shared_ptr<grpc::ServerCredentials> server_credentials(const node_files& own, verifier judge,
                                                            std::chrono::seconds refresh) {
  grpc::experimental::TlsServerCredentialsOptions options{
      std::make_shared<FileWatcherCertificateProvider>(own.key.string(), own.certificate.string(),
                                                       own.authority.string(),
                                                       static_cast<unsigned>(refresh.count()))};
  // Asked for, and refused by the verifier where there is none: so it is known why.
  options.set_cert_request_type(GRPC_SSL_REQUEST_CLIENT_CERTIFICATE_BUT_DONT_VERIFY);
  set_common(options, std::move(judge));
  return grpc::experimental::TlsServerCredentials(options);
}

} // namespace troupe::cluster
