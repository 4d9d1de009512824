#pragma once

#include "actors/runtime/agent.hpp"
#include "actors/runtime/failure.hpp"
#include "actors/runtime/internal/agent_mailbox.hpp"
#include "actors/runtime/internal/call.hpp"
#include "actors/runtime/internal/crash.hpp"
#include "actors/runtime/internal/mail.hpp"
#include "actors/runtime/internal/suspects.hpp"
#include "actors/runtime/restart_tracker.hpp"

#include <caf/event_based_actor.hpp>
#include <chrono>
#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <string>

namespace troupe::runtime {

class core;

/// The CAF actor of one agent, and its supervisor: it makes the agent object, hands it requests one
/// after the other, replaces it after a crash, and answers for it while it is away. It outlives the
/// agent objects and never throws. Handlers of blocking agents run on the executor and report back
/// by a control message.
class agent_actor final : public caf::event_based_actor {
public:
  agent_actor(caf::actor_config& config, std::shared_ptr<core> core,
              std::shared_ptr<agent_mailbox> box);

  // What control messages do.
  /// Drops the agent and ends the actor.
  void end();
  /// The factory of a blocking agent is done.
  void made(reply<std::shared_ptr<agent>> outcome);
  /// A handler or continuation of `which` on the executor is done.
  void slot_freed(const agent* which, const std::optional<crash>& thrown);
  /// The back-off with this number is over.
  void restart(std::uint64_t number);
  /// By order of a supervisor: makes the agent anew in a while, with a fresh budget.
  void start_anew(std::chrono::milliseconds delay);
  /// By order of the one above: the agent, which has spent its budget, stays down.
  void give_up(const std::string& why);
  /// The agent stays down, whatever it did.
  void put_down(failure why);
  /// Forgets that a message made the agent throw.
  void pardon(const std::string& identity);

protected:
  caf::behavior make_behavior() override;

private:
  enum class phase {
    /// No request came yet.
    idle,
    /// The factory is at work.
    making,
    running,
    /// Crashed; the restart is scheduled.
    backing_off,
    /// Crashed too often; its supervisor decides.
    escalated,
    /// Stays away: answers `refusal_`.
    down,
    /// The factory refused the key: answers `refusal_` to what was accepted, then ends.
    leaving,
  };

  void receive(mail& arrived);
  void on_wake();
  void on_answer(mail::answer answer);

  // -- making and supervising
  void make();
  void crashed(const agent* which, const crash& cause);
  void restart_after(std::chrono::milliseconds delay);
  void refuse_all(phase because, failure reason);
  void refuse_waiting(const failure& reason);
  void leave(failure reason);

  // -- serving
  void pump();
  [[nodiscard]] bool has_free_slot() const;
  void serve(const std::shared_ptr<call>& asked);
  void serve_here(const std::shared_ptr<call>& asked, const method& asked_method);
  void serve_on_executor(const std::shared_ptr<call>& asked, const method& asked_method);
  void continue_here(mail::answer answer);
  void continue_on_executor(mail::answer answer);

  // -- quarantine
  void blame(const crash& cause);
  [[nodiscard]] std::uint32_t times_blamed(const call& asked,
                                           const google::protobuf::Message& payload);

  [[nodiscard]] const agent_options& options() const { return box_->type().options; }

  std::shared_ptr<core> core_;
  std::shared_ptr<agent_mailbox> box_;
  restart_tracker restarts_;
  /// Of the back-off that counts.
  std::uint64_t restart_ = 0;
  suspects suspects_;
  phase phase_ = phase::idle;
  bool ever_ran_ = false;
  std::shared_ptr<agent> agent_;
  std::optional<failure> refusal_;
  /// Of a blocking agent whose handlers run one at a time. A list, since an empty deque takes half a kilobyte.
  std::list<mail::answer> answers_;
  /// Handlers at work on the executor.
  std::uint32_t busy_ = 0;
};

} // namespace troupe::runtime
