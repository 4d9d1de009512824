#pragma once

#include "actors/runtime/agent.hpp"
#include "actors/runtime/failure.hpp"
#include "actors/runtime/internal/agent_mailbox.hpp"
#include "actors/runtime/internal/call.hpp"
#include "actors/runtime/internal/mail.hpp"
#include "actors/runtime/restart_tracker.hpp"

#include <caf/event_based_actor.hpp>
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

  /// Drops the agent and ends the actor.
  void end();

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
    /// Crashed too often: answers `refusal_`.
    down,
    /// The factory refused the key: answers `refusal_` to what was accepted, then ends.
    leaving,
  };

  void receive(mail& arrived);
  void on_wake();
  void on_answer(mail::answer answer);

  // -- making and supervising
  void make();
  void made(reply<std::shared_ptr<agent>> outcome);
  void crashed(const agent* which, const std::string& why);
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
  void slot_freed(const agent* which, const std::optional<std::string>& thrown);

  [[nodiscard]] const agent_options& options() const { return box_->type().options; }

  std::shared_ptr<core> core_;
  std::shared_ptr<agent_mailbox> box_;
  restart_tracker restarts_;
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
