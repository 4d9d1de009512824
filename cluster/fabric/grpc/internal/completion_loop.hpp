#pragma once

#include <grpcpp/completion_queue.h>
#include <memory>
#include <thread>

namespace troupe::cluster {

/// Something that was begun and waits for its end in a completion queue.
class completion {
public:
  virtual void happened(bool good) = 0;

protected:
  ~completion() = default;
};

/// A completion queue and the one thread that takes from it, so that whatever belongs to it happens one after another. gRPC's
/// callback API would do the same on threads of its own, which sleep a tenth of a second at a time once nothing has happened
/// for one.
class completion_loop {
public:
  explicit completion_loop(std::unique_ptr<grpc::ServerCompletionQueue> queue);
  ~completion_loop() { stop(); }
  completion_loop(const completion_loop&) = delete;
  completion_loop& operator=(const completion_loop&) = delete;

  [[nodiscard]] grpc::ServerCompletionQueue& queue() { return *queue_; }
  void start();
  /// Returns when all that was begun has ended. After the server's end; nothing may be begun any more.
  void stop();

private:
  void run();

  const std::unique_ptr<grpc::ServerCompletionQueue> queue_;
  std::thread thread_;
  bool stopped_ = false;
};

} // namespace troupe::cluster
