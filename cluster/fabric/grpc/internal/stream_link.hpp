#pragma once

#include "cluster/fabric/errc.hpp"
#include "cluster/fabric/grpc/internal/completion_loop.hpp"
#include "cluster/fabric/grpc/internal/peer_check.hpp"
#include "cluster/fabric/grpc/internal/refusals.hpp"
#include "cluster/fabric/transport.hpp"

#include <atomic>
#include <chrono>
#include <functional>
#include <grpcpp/support/async_stream.h>
#include <grpcpp/support/byte_buffer.h>
#include <mutex>
#include <optional>

namespace troupe::cluster {

class stream_link;

/// What links need of their transport.
struct link_surroundings {
  peer_check& check;
  refusals& refused;
  grpc_transport_metrics& metrics;
  /// The last of a link: its listener is not called any more, and nothing of it waits.
  std::function<void(const std::shared_ptr<stream_link>&)> over;
};

/// A link as one gRPC stream, whichever side began it: opening, open, ending, over. Each operation that was begun has to end
/// before the stream may go; all but `send`, `close`, `end` and `look` happens on the thread of its completion loop.
class stream_link : public link, public std::enable_shared_from_this<stream_link> {
public:
  using clock = std::chrono::steady_clock;

  explicit stream_link(link_surroundings& in) : in_{in} {}

  [[nodiscard]] const link_peer& peer() const override { return peer_; }
  void send(std::string frame) override;
  void close(std::string reason) override;

  /// Ends it. @param at_once does not wait until the peer can be told why.
  void end(error why, bool at_once = false);
  /// The keeper's look: ends it where its time is up, its peer's certificate does not hold any more, or a frame is without end.
  void look(clock::time_point now, std::chrono::sys_seconds date);

protected:
  using writer = grpc::internal::AsyncWriterInterface<grpc::ByteBuffer>;
  using reader = grpc::internal::AsyncReaderInterface<grpc::ByteBuffer>;
  enum class phase { opening, open, ending, over };

  /// One of the operations of a link, which go on at most once at a time.
  class operation final : public completion {
  public:
    operation(stream_link& of, void (stream_link::*then)(bool)) : of_{of}, then_{then} {}
    void happened(bool good) override { of_.settle(*this, then_, good); }
    [[nodiscard]] void* begin() {
      going_on = true;
      return static_cast<completion*>(this);
    }
    bool going_on = false;

  private:
    stream_link& of_;
    void (stream_link::*const then_)(bool);
  };

  /// The next step of opening has ended; sets the peer, listener and stream, and calls `opened`, or begins another, or ends it.
  virtual void on_opening(bool good) = 0;
  /// Begins to end the stream where the operations that go on allow it; called after each. The lock is held.
  virtual void finish_locked() = 0;
  virtual void cancel_locked() = 0;
  /// What its connection has brought so far, bytes; 0 where that is not known.
  [[nodiscard]] virtual std::uint64_t wire_bytes() const { return 0; }
  /// The stream is at its end: @returns why. May let go of it.
  [[nodiscard]] virtual error conclude(error why) = 0;

  void opened(reader& in, writer& out);
  /// It ends by itself.
  void fail(error why);
  void begin_end_locked(error why, bool by_us);
  /// Runs what follows an operation, and then the end if that was the last one.
  void settle(operation& ended, void (stream_link::*then)(bool), bool good);

  link_surroundings& in_;
  link_peer peer_;
  std::shared_ptr<link_listener> listener_;
  /// Of the peer's certificate.
  std::chrono::sys_seconds not_after_;
  std::optional<clock::time_point> deadline_;

  std::mutex mutex_;
  phase phase_ = phase::opening;
  /// Set as it ends.
  error why_;
  /// It ends because this side wants it to.
  bool by_us_ = false;
  bool finished_ = false, was_open_ = false;
  operation opening_{*this, &stream_link::on_opening}, reading_{*this, &stream_link::on_read},
      writing_{*this, &stream_link::on_written}, finishing_{*this, &stream_link::on_finished};

private:
  void on_read(bool good);
  void on_written(bool good);
  void on_finished(bool good);
  void deliver();
  void look_at_certificate(std::chrono::sys_seconds date);
  void look_at_frame();
  void read_on();
  void over();
  [[nodiscard]] bool is_in(phase one);

  reader* in_stream_ = nullptr;
  writer* out_stream_ = nullptr;
  grpc::ByteBuffer received_;
  std::atomic<std::uint64_t> frames_{0};
  /// The keeper's: when it saw a new frame last.
  std::uint64_t frames_seen_ = 0, wire_bytes_seen_ = 0;
};

} // namespace troupe::cluster
