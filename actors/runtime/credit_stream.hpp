#pragma once

#include "actors/runtime/agent.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>

namespace troupe {

class agent_system;

struct credit_stream_options {
  /// Items that may be under way: sent and not yet answered by the receiver.
  std::size_t max_items = 64;
  /// The same in bytes of payloads (`ByteSizeLong`). One item alone may have more.
  std::size_t max_bytes = std::size_t{8} << 20;
  /// When the stream must have ended. A stream that an agent opens has the deadline of its call instead.
  std::chrono::milliseconds timeout = runtime::defaults::request_timeout;
};

/// A stream of items to one agent at the pace of that agent, without a thread that waits. Every item is a request; the
/// receiver grants credit for another one by answering, at once or when it is done with the item, and the sender is told
/// when there is credit again. The receiver needs nothing but a handler for the type of the items (not several at a time,
/// or they may overtake each other).
///
/// Items arrive in order, each at most once, and never more than the options allow are under way. The stream ends well
/// when it is closed and everything is answered, and badly at the first failure: the receiver failed, is down or
/// refuses, or the deadline has passed. What was under way then may still arrive; nothing more is sent.
///
/// The members may be called by any thread, `send` by one at a time. Close or cancel every stream: until it ended, it
/// keeps what its callbacks hold.
///
/// When not to use: for a few messages (`request`), or where losses do not matter (`tell`).
class credit_stream : public std::enable_shared_from_this<credit_stream> {
public:
  struct callbacks {
    /// There is room again for the item that `send` refused: send until it refuses again, then return.
    std::function<void()> on_credit;
    /// Called once, last.
    std::function<void(reply<void>)> on_end;
  };
  enum class sent {
    /// On its way.
    accepted,
    /// Not sent: `on_credit` tells when to try again.
    no_credit,
    /// Not sent: the stream was closed or has ended.
    ended
  };

  /// From the host. Callbacks run on threads of the runtime, or in `send`, and must not block.
  /// @param system outlives the stream.
  [[nodiscard]] static std::shared_ptr<credit_stream> open(agent_system& system, agent_name target,
                                                           const credit_stream_options& options,
                                                           callbacks told);
  /// From an agent that works on the call of `context`. Callbacks run as its continuations do.
  [[nodiscard]] static std::shared_ptr<credit_stream>
  open(std::shared_ptr<const call_context> context, agent_name target,
       const credit_stream_options& options, callbacks told);

  /// Sends an item, which is not nullptr, where there is credit for it.
  sent send(message_ptr item);
  /// There are no more items: the stream ends when all are answered.
  void close();
  /// Ends the stream at once.
  void cancel(failure why);

  [[nodiscard]] std::size_t items_under_way() const;
  [[nodiscard]] std::size_t bytes_under_way() const;

private:
  using pass_on = std::function<void(message_ptr, responder)>;

  credit_stream(pass_on pass, const credit_stream_options& options, callbacks told)
      : pass_on_(std::move(pass)), options_(options), told_(std::move(told)) {}

  [[nodiscard]] bool has_credit(std::size_t size_bytes) const;
  void answered(std::size_t size_bytes, reply<message_ptr> given);
  void end(reply<void> how);

  const pass_on pass_on_;
  const credit_stream_options options_;
  mutable std::mutex mutex_;
  callbacks told_;
  std::size_t items_ = 0, bytes_ = 0;
  /// The size of the item that was refused last, until `on_credit` is told.
  std::optional<std::size_t> refused_;
  bool closed_ = false, ended_ = false;
};

} // namespace troupe
