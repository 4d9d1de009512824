// The half of `agent_actor` that makes its agent, makes it anew and judges what it throws.

#include "actors/runtime/internal/agent_actor.hpp"
#include "actors/runtime/internal/core.hpp"
#include "actors/runtime/internal/failures.hpp"
#include "actors/runtime/internal/guarded.hpp"

#include <spdlog/spdlog.h>
#include <utility>

namespace troupe::runtime {
namespace {

reply<std::shared_ptr<agent>> make_agent(const agent_mailbox& box) {
  reply<std::shared_ptr<agent>> outcome;
  const auto thrown = thrown_by([&] {
    auto made = box.type().make(box.name());
    if (made)
      outcome = std::shared_ptr<agent>{std::move(*made)};
    else
      outcome = tl::unexpected(std::move(made.error()));
  });
  if (thrown) return tl::unexpected(agent_failed(box.name().to_string(), *thrown));
  if (outcome && !*outcome)
    return tl::unexpected(agent_failed(box.name().to_string(), "its factory made nothing"));
  return outcome;
}

} // namespace

void agent_actor::make() {
  phase_ = phase::making;
  if (!options().blocking) return made(make_agent(*box_));
  const bool accepted = core_->blocking().post([core = core_, box = box_] {
    box->post([outcome = make_agent(*box)](agent_actor& self) { self.made(outcome); });
  });
  if (!accepted)
    made(tl::unexpected(failure{"runtime.executor_full",
                                "no thread for the factory of " + box_->name().to_string(), true}));
}

void agent_actor::made(reply<std::shared_ptr<agent>> outcome) {
  if (outcome) {
    agent_ = std::move(*outcome);
    ever_ran_ = true;
    phase_ = phase::running;
    pump();
  } else if (ever_ran_) {
    crashed(nullptr, {outcome.error().message});
  } else {
    leave(std::move(outcome.error()));
  }
}

void agent_actor::crashed(const agent* which, const crash& cause) {
  blame(cause);
  // An agent that was replaced already may still throw in a thread of the executor.
  if (which != agent_.get()) return;
  agent_ = nullptr;
  if (const auto delay = restarts_.on_crash(core_->clock().now())) {
    spdlog::warn("agent {} failed and restarts in {} ms: {}", box_->name().to_string(),
                 delay->count(), cause.why);
    return restart_after(*delay);
  }
  phase_ = phase::escalated;
  core_->escalate(box_, cause.why);
}

void agent_actor::restart_after(std::chrono::milliseconds delay) {
  phase_ = phase::backing_off;
  core_->clock().schedule_after(delay, [box = box_, number = ++restart_] {
    box->post([number](agent_actor& self) { self.restart(number); });
  });
}

void agent_actor::restart(std::uint64_t number) {
  // The supervisor may have decided otherwise meanwhile.
  if (phase_ != phase::backing_off || number != restart_) return;
  counters::add(core_->counters.restarts);
  make();
}

void agent_actor::start_anew(std::chrono::milliseconds delay) {
  restarts_ = restart_tracker{options().restart};
  if (phase_ == phase::idle || phase_ == phase::making || phase_ == phase::leaving) return;
  agent_ = nullptr;
  refusal_.reset();
  restart_after(delay);
}

void agent_actor::give_up(const std::string& why) {
  put_down({"runtime.agent_down",
            box_->name().to_string() + " failed more than " +
                std::to_string(options().restart.max_restarts) + " times within " +
                std::to_string(options().restart.window.count()) +
                " ms and stays down; the last failure: " + why,
            false});
}

void agent_actor::put_down(failure why) {
  if (phase_ == phase::down || phase_ == phase::leaving) return;
  agent_ = nullptr;
  counters::add(core_->counters.agents_down);
  refuse_all(phase::down, std::move(why));
}

void agent_actor::refuse_all(phase because, failure reason) {
  phase_ = because;
  refusal_ = std::move(reason);
  refuse_waiting(*refusal_);
}

void agent_actor::refuse_waiting(const failure& reason) {
  while (const auto asked = box_->take())
    asked->answer(reason);
}

void agent_actor::leave(failure reason) {
  core_->forget(*box_);
  refuse_all(phase::leaving, std::move(reason));
  // Whatever was accepted before the mailbox closes comes before this.
  box_->close([](agent_actor& self) { self.end(); });
}

// -- quarantine

void agent_actor::blame(const crash& cause) {
  const auto& asked = cause.blamed;
  if (!asked) return;
  auto reason = agent_failed(box_->name().to_string(), cause.why);
  const auto limit = options().quarantine_after;
  // What was served is not sent again, whatever was thrown after it.
  if (limit == 0 || !cause.payload || asked->replied()) return void(asked->answer(reason));
  const auto times = suspects_.blame(
      suspects::identity(asked->header().idempotency_key, *cause.payload), core_->clock().now());
  if (times < limit) return void(asked->answer(reason));
  core_->bury(*asked, cause.payload, std::move(reason), times);
  asked->answer(quarantined_failure(box_->name().to_string(), times));
}

std::uint32_t agent_actor::times_blamed(const call& asked,
                                        const google::protobuf::Message& payload) {
  if (suspects_.empty()) return 0; // nearly always: what follows may sum the payload
  return suspects_.times_blamed(suspects::identity(asked.header().idempotency_key, payload),
                                core_->clock().now());
}

void agent_actor::pardon(const std::string& identity) {
  suspects_.forget(identity);
}

} // namespace troupe::runtime
