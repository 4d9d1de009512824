#pragma once

#include "cluster/fabric/grpc/internal/address.hpp"
#include "cluster/fabric/grpc/internal/node_files.hpp"
#include "cluster/fabric/grpc/internal/stream_link.hpp"

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/generic/generic_stub.h>

namespace troupe::cluster {

/// What the handshakes of one attempt to connect have found; gRPC may try several addresses of a host.
struct handshake_findings {
  std::mutex mutex;
  std::optional<refused_certificate> refused;
  /// A server's certificate was good.
  bool trusted = false;
};

/// A link that this side opens, on a connection of its own.
class client_link final : public stream_link {
public:
  client_link(link_surroundings& in, node_address to, std::shared_ptr<link_listener> listener);

  /// Judges servers' certificates for this link. @param by is kept as long as gRPC may ask.
  [[nodiscard]] verifier judge(std::shared_ptr<peer_check> by) const;
  /// Once.
  void start(const std::shared_ptr<grpc::ChannelCredentials>& credentials,
             const grpc::ChannelArguments& arguments, completion_loop& on,
             clock::time_point deadline);

private:
  void on_opening(bool good) override;
  void finish_locked() override;
  void cancel_locked() override { context_->TryCancel(); }
  [[nodiscard]] error conclude(error why) override;
  void introduce();

  const node_address address_;
  const std::shared_ptr<handshake_findings> findings_ = std::make_shared<handshake_findings>();
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<grpc::ClientContext> context_ = std::make_unique<grpc::ClientContext>();
  std::unique_ptr<grpc::GenericClientAsyncReaderWriter> stream_;
  grpc::Status status_;
  bool metadata_asked_ = false;
};

} // namespace troupe::cluster
