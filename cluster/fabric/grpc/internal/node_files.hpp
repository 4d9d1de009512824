#pragma once

#include "kernels/result.hpp"

#include <chrono>
#include <filesystem>
#include <grpcpp/security/credentials.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/security/tls_certificate_verifier.h>
#include <memory>
#include <string>

namespace troupe::cluster {

/// A node's own certificate and key.
struct node_files {
  std::filesystem::path certificate, key, authority;
};

[[nodiscard]] node_files files_of(const std::filesystem::path& folder, const std::string& node);

/// @returns its text; `fabric_errc::bad_option` where it cannot be read.
[[nodiscard]] result<std::string> read_pem(const std::filesystem::path& file);

using verifier = std::shared_ptr<grpc::experimental::CertificateVerifier>;

/// With the files as they are now: a channel is made for each link, and so has the newest.
[[nodiscard]] result<std::shared_ptr<grpc::ChannelCredentials>>
client_credentials(const node_files& own, verifier judge);
/// Looks at the files again and again.
[[nodiscard]] std::shared_ptr<grpc::ServerCredentials>
server_credentials(const node_files& own, verifier judge, std::chrono::seconds refresh);

} // namespace troupe::cluster
