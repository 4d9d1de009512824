#pragma once

#include "cluster/fabric/grpc/internal/stream_link.hpp"

#include <grpcpp/generic/async_generic_service.h>

namespace troupe::cluster {

class gate;
class server_link;

/// What the accepting side lends to its links.
struct reception {
  grpc::AsyncGenericService& service;
  gate& door;
  /// A stream has begun: waits for the next one, and says whether this one may go on.
  std::function<bool(const std::shared_ptr<server_link>&, completion_loop& on)> arrived;
  /// As `transport::acceptor`.
  std::function<std::shared_ptr<link_listener>(const link_peer& from)> accept;
};

/// A link that the other side opens.
class server_link final : public stream_link {
public:
  server_link(link_surroundings& in, reception& at) : stream_link{in}, at_{at} {}

  /// Once; it keeps itself until somebody comes, or the server ends.
  void wait(completion_loop& on);

private:
  struct call {
    grpc::GenericServerContext context;
    grpc::GenericServerAsyncReaderWriter stream{&context};
  };

  void on_opening(bool good) override;
  void finish_locked() override;
  void cancel_locked() override { call_->context.TryCancel(); }
  [[nodiscard]] std::uint64_t wire_bytes() const override;
  [[nodiscard]] error conclude(error why) override;
  void arrive();
  [[nodiscard]] result<void> welcome();
  tl::unexpected<error> refuse(refusal why, std::string reason);

  reception& at_;
  completion_loop* loop_ = nullptr;
  std::unique_ptr<call> call_ = std::make_unique<call>();
  std::shared_ptr<server_link> self_;
  bool arrived_ = false;
  /// Of its connection.
  std::uint64_t number_ = 0;
};

} // namespace troupe::cluster
