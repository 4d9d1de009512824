#include "cluster/fabric/grpc/internal/completion_loop.hpp"

#include <exception>
#include <spdlog/spdlog.h>
#include <utility>

namespace troupe::cluster {

completion_loop::completion_loop(std::unique_ptr<grpc::ServerCompletionQueue> queue)
    : queue_{std::move(queue)} {}

void completion_loop::start() {
  thread_ = std::thread{[this] { run(); }};
}

void completion_loop::stop() {
  if (std::exchange(stopped_, true)) return;
  queue_->Shutdown();
  if (thread_.joinable())
    thread_.join();
  else
    run(); // gRPC wants it empty even where it was never used
}

void completion_loop::run() {
  void* tag = nullptr;
  bool good = false;
  while (queue_->Next(&tag, &good)) {
    try {
      static_cast<completion*>(tag)->happened(good);
    } catch (const std::exception& e) {
      spdlog::error("a listener of a link threw: {}", e.what());
    }
  }
}

} // namespace troupe::cluster
