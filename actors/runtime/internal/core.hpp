#pragma once

#include "actors/runtime/agent_system.hpp"
#include "actors/runtime/internal/call.hpp"
#include "actors/runtime/internal/deadlines.hpp"
#include "actors/runtime/internal/directory.hpp"
#include "actors/runtime/internal/failures.hpp"
#include "actors/runtime/internal/no_wait.hpp"
#include "actors/runtime/internal/supervisors.hpp"

#include <atomic>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <condition_variable>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace troupe::runtime {

/// `agent_system_metrics`, counted by many threads.
struct counters {
  using counter = std::atomic<std::uint64_t>;
  counter requests = 0, replies = 0, failures = 0, deadlines_exceeded = 0, mailbox_rejections = 0,
          mailbox_byte_rejections = 0;
  counter handler_exceptions = 0, answers_forgotten = 0, late_answers = 0;
  counter activations = 0, restarts = 0, agents_down = 0;
  counter escalations = 0, quarantined = 0, dead_letters_lost = 0;
  counter one_way = 0, one_way_refused = 0, one_way_lost = 0;

  static void add(counter& one) { one.fetch_add(1, std::memory_order_relaxed); }
};

/// Lets the actors of a deterministic system work until none has anything to do. @returns the
/// number of turns.
std::size_t run_all_actors(caf::actor_system& actors);

/// The inside of an agent system, shared with everything that may outlive it: calls, actors,
/// threads left behind.
class core : public std::enable_shared_from_this<core> {
public:
  /// @param deterministic whether a test steps the actors itself.
  core(agent_system_options options, bool deterministic);
  ~core();
  core(const core&) = delete;
  core& operator=(const core&) = delete;

  /// The inside of `system`; lives at least as long as its agent types.
  [[nodiscard]] static core& of(agent_system& system) { return *system.core_; }

  [[nodiscard]] result<void> add(agent_type type);
  [[nodiscard]] result<void> add(supervisor one);
  [[nodiscard]] const agent_type* find(std::string_view type) const;
  [[nodiscard]] std::vector<std::string> names() const;

  /// Sends a new request; every outcome reaches `then`.
  /// Headers are large: they are handed on by reference until the call has them.
  void send(envelope_header&& header, message_ptr payload, std::chrono::milliseconds timeout,
            responder then, call::origin from);
  /// Sends a one-way message. @returns why it was refused.
  reply<void> tell(envelope_header&& header, message_ptr payload, std::chrono::milliseconds timeout,
                   std::shared_ptr<call> parent);
  /// Waits for the answer to what `send` sends with the continuation it is given.
  template <class Send>
  [[nodiscard]] reply<message_ptr> wait_for(Send&& send);

  /// See `agent_system`.
  void route_through(std::shared_ptr<agent_router> router);

  /// A call's continuation has run.
  void finished();
  /// Takes an agent out of the directory.
  void forget(const agent_mailbox& gone) { directory_.erase(gone); }
  /// The agent of `from` has spent its restart budget: has its supervisor decide, and tells those whom it concerns.
  void escalate(const std::shared_ptr<agent_mailbox>& from, const std::string& why);
  /// Keeps `payload` as a dead letter.
  void bury(const call& asked, message_ptr payload, failure why, std::uint32_t attempts);
  /// Sends a dead letter again.
  void replay(const dead_letter& letter, std::chrono::milliseconds timeout, responder then);
  void stop();
  /// After `stop`, when nobody may call `find` any more. Handlers of a type may own call contexts, which own this: without
  /// it they would keep each other for ever.
  void drop_types();

  [[nodiscard]] agent_system_metrics metrics() const;
  [[nodiscard]] timer& clock() { return *clock_; }
  [[nodiscard]] executor& blocking() { return *blocking_; }
  [[nodiscard]] runtime::deadlines& deadlines() { return *deadlines_; }
  [[nodiscard]] dead_letter_store& dead_letters() { return *dead_letters_; }
  [[nodiscard]] caf::actor_system& actors() { return *actors_; }
  [[nodiscard]] bool deterministic() const { return deterministic_; }
  /// Whether nothing more is to be served.
  [[nodiscard]] bool stopped() const { return phase_ == phase::stopped; }

  runtime::counters counters;

private:
  enum class phase { running, draining, stopped };

  [[nodiscard]] std::shared_ptr<call> make_call(call::kind which, envelope_header&& header,
                                                message_ptr payload,
                                                std::chrono::milliseconds timeout, responder then,
                                                call::origin from);
  [[nodiscard]] std::optional<failure> deliver(const std::shared_ptr<call>& asked);
  [[nodiscard]] std::optional<failure> send_elsewhere(agent_router& router,
                                                      const std::shared_ptr<call>& asked);
  [[nodiscard]] failure rejection(posted why, const call& asked, const agent_mailbox& by);
  [[nodiscard]] reply<std::shared_ptr<agent_mailbox>> find_or_activate(const agent_name& target);
  std::shared_ptr<agent_mailbox> activate(const agent_type& type, const agent_name& name);
  void drain();

  const bool deterministic_;
  const std::chrono::milliseconds drain_bound_;
  const escalation_callback on_escalation_;
  std::shared_ptr<dead_letter_store> dead_letters_;
  std::shared_ptr<executor> blocking_;
  std::shared_ptr<timer> clock_;
  std::shared_ptr<runtime::deadlines> deadlines_;
  const std::uint64_t system_id_;
  std::atomic<std::uint64_t> last_message_ = 0;

  mutable std::shared_mutex types_mutex_;
  std::map<std::string, std::unique_ptr<const agent_type>, std::less<>> types_;
  runtime::directory directory_;
  runtime::supervisors supervisors_;
  std::shared_ptr<agent_router> router_kept_;
  std::atomic<agent_router*> router_ = nullptr;

  std::atomic<phase> phase_ = phase::running;
  std::atomic<std::uint64_t> in_flight_ = 0;
  std::mutex stop_mutex_, idle_mutex_;
  std::condition_variable idle_;

  caf::actor_system_config caf_config_;
  std::unique_ptr<caf::actor_system> actors_;
  /// Whether threads that `stop` could not wait for still use agent types.
  bool left_behind_ = false;
};

template <class Send>
reply<message_ptr> core::wait_for(Send&& send) {
  if (deterministic_ || no_wait_scope::active()) return tl::unexpected(would_block_failure());
  const auto answered = std::make_shared<std::promise<reply<message_ptr>>>();
  auto answer = answered->get_future();
  std::forward<Send>(send)(
      [answered](reply<message_ptr> given) { answered->set_value(std::move(given)); });
  return answer.get();
}

} // namespace troupe::runtime
