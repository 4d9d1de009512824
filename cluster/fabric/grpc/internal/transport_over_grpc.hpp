#pragma once

#include "cluster/fabric/grpc/grpc_transport.hpp"
#include "cluster/fabric/grpc/internal/client_link.hpp"
#include "cluster/fabric/grpc/internal/gate.hpp"
#include "cluster/fabric/grpc/internal/link_registry.hpp"
#include "cluster/fabric/grpc/internal/server_link.hpp"
#include "cluster/fabric/grpc/internal/wire.hpp"

#include <atomic>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

namespace troupe::cluster {

/// One gRPC server without a port of its own (the gate accepts), a channel for each link that is opened, a thread that moves
/// bytes, and the keeper's.
class transport_over_grpc final : public transport {
public:
  transport_over_grpc(grpc_transport_options options, std::shared_ptr<peer_check> check,
                      std::unique_ptr<keeper> by);
  ~transport_over_grpc() override { stop(); }

  /// Once. @returns `fabric_errc::bad_option` where gRPC will not.
  [[nodiscard]] result<void> start();

  [[nodiscard]] result<std::string> listen(const std::string& address, acceptor accept) override;
  void connect(const std::string& address, std::shared_ptr<link_listener> listener) override;
  void stop() override;

private:
  [[nodiscard]] verifier client_judge() const;
  void dial(const node_address& to, const std::shared_ptr<link_listener>& listener);
  [[nodiscard]] bool arrived(const std::shared_ptr<server_link>& one, completion_loop& on);
  void wait_for_stream(completion_loop& on);
  [[nodiscard]] std::chrono::milliseconds tick();
  void look_at_links(stream_link::clock::time_point now);
  void hand_over(int fd);
  void stop_once();

  const grpc_transport_options options_;
  const node_files own_;
  const wire_bounds bounds_;
  const std::shared_ptr<grpc_transport_metrics> metrics_;
  const std::shared_ptr<peer_check> check_;
  const grpc::ChannelArguments client_arguments_;
  refusals refusals_;
  std::unique_ptr<keeper> keeper_;
  const std::shared_ptr<gate> gate_;
  link_registry links_;
  link_surroundings surroundings_;
  grpc::AsyncGenericService service_;
  reception reception_;
  std::vector<std::unique_ptr<completion_loop>> loops_;
  std::unique_ptr<grpc::experimental::ExternalConnectionAcceptor> door_;
  std::unique_ptr<grpc::Server> server_;
  std::atomic<bool> listening_{false};
  std::once_flag stopped_;
  /// The keeper's own.
  std::size_t next_loop_ = 0;
  stream_link::clock::time_point next_look_;
};

} // namespace troupe::cluster
