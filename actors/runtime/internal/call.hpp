#pragma once

#include "actors/runtime/agent.hpp"
#include "actors/runtime/internal/crash.hpp"
#include "actors/runtime/internal/request_queue.hpp"
#include "actors/runtime/timer_queue.hpp"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

namespace troupe::runtime {

class core;
class deadlines;
class agent_mailbox;

/// One request from the moment it is sent to its answer. Whoever answers first wins: the agent, the
/// deadline, or the runtime; the continuation runs once. It is the call context of the agent that
/// serves it, too. Any thread.
class call final : public call_context,
                   public timer_node,
                   public std::enable_shared_from_this<call> {
public:
  using time_point = std::chrono::steady_clock::time_point;

  /// Whether somebody waits for the answer.
  enum class kind : std::uint8_t { request, one_way };

  /// Who asks: an agent at work on another call, or nobody of this system.
  struct origin {
    std::shared_ptr<call> parent;
    /// Where the continuation runs; nullptr for the thread that answers.
    std::shared_ptr<agent_mailbox> box;
    /// Kept until the continuation ran: it may use the agent, which may be replaced meanwhile.
    std::shared_ptr<agent> asker;
    /// Of requests of the host.
    std::shared_ptr<heartbeat_sink> pulse{};
  };

  /// @param then empty for one-way messages.
  call(kind which, std::shared_ptr<core> core, envelope_header&& header, message_ptr payload,
       time_point sent, time_point due, responder then, origin from);
  ~call() override;

  // -- the asking side
  [[nodiscard]] bool one_way() const { return kind_ == kind::one_way; }
  [[nodiscard]] time_point due() const { return due_; }
  [[nodiscard]] const origin& from() const { return from_; }
  /// Ends a one-way message that was refused.
  void withdraw();
  /// Runs the continuation. @returns what it threw at the request that this one was made for.
  [[nodiscard]] std::optional<crash> finish(reply<message_ptr> given);

  // -- the serving side
  /// Gives the payload to `agent`. @returns nothing when the request was answered meanwhile, by
  /// its deadline say.
  [[nodiscard]] std::optional<message_ptr> begin(std::shared_ptr<agent> served_by,
                                                 std::shared_ptr<agent_mailbox> at);
  /// The payload's size on the wire in bytes, whether or not it is ever serialised; an estimate of what it occupies.
  [[nodiscard]] std::size_t size_bytes() const { return size_bytes_; }
  /// For the queue that this waits in.
  [[nodiscard]] runtime::queue_link& queue_link() { return link_; }
  /// Nullptr when the request was answered meanwhile.
  [[nodiscard]] message_ptr payload() const;
  /// @returns false, and does nothing, when the request was answered before.
  bool answer(reply<message_ptr> given);
  bool answer(failure reason) { return answer(tl::unexpected(std::move(reason))); }
  [[nodiscard]] bool answered() const {
    return state_.load(std::memory_order_acquire) != state::open;
  }
  /// Whether the answer was a reply.
  [[nodiscard]] bool replied() const {
    return state_.load(std::memory_order_acquire) == state::replied;
  }
  /// What responders share: it checks the reply's type, and answers "runtime.no_answer" when it is let go.
  class token;
  [[nodiscard]] std::shared_ptr<token> make_token(const method& asked);
  /// A responder for the agent.
  [[nodiscard]] static responder make_responder(std::shared_ptr<token> of);

  // -- call_context
  [[nodiscard]] const envelope_header& header() const override { return header_; }
  void heartbeat() const noexcept override;
  reply<void> heartbeat(message_ptr details) const override;
  [[nodiscard]] message_ptr last_heartbeat() const override;
  [[nodiscard]] std::uint32_t attempt() const noexcept override;
  [[nodiscard]] bool cancelled() const noexcept override;
  [[nodiscard]] bool abandoned() const noexcept override;
  [[nodiscard]] bool preempted() const noexcept override;
  void request(agent_name target, message_ptr payload, responder then) const override;
  reply<void> tell(agent_name target, message_ptr payload) const override;
  void request_within(std::chrono::milliseconds limit, agent_name target, message_ptr payload,
                      responder then) const override;
  [[nodiscard]] reply<message_ptr> request_and_wait(agent_name target,
                                                    message_ptr payload) const override;

private:
  [[nodiscard]] heartbeat_sink* pulse() const noexcept;
  friend deadlines;
  enum class state : std::uint8_t { open, replied, failed };

  [[nodiscard]] envelope_header child_header(agent_name target) const;
  void send_child(std::chrono::milliseconds limit, agent_name target, message_ptr payload,
                  responder then, bool on_agent) const;
  void expire();
  void release();
  void check_and_answer(reply<message_ptr> given);
  void end_one_way(bool served);
  void finish_here(reply<message_ptr> given);

  const kind kind_;
  std::shared_ptr<core> core_;
  envelope_header header_;
  time_point sent_, due_;
  responder then_;
  origin from_;
  const std::size_t size_bytes_;
  runtime::queue_link link_;
  std::atomic<state> state_ = state::open;

  mutable std::mutex mutex_;
  /// Until it is answered.
  message_ptr payload_;
  std::shared_ptr<agent> served_by_;
  std::shared_ptr<agent_mailbox> served_at_;
  const google::protobuf::Descriptor* expected_reply_ = nullptr;
  /// Set while `deadlines` links this.
  std::shared_ptr<call> self_;
};

} // namespace troupe::runtime
