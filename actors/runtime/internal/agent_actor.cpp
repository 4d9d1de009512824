#include "actors/runtime/internal/agent_actor.hpp"

#include "actors/runtime/caf_compat.hpp"
#include "actors/runtime/internal/core.hpp"
#include "actors/runtime/internal/failures.hpp"
#include "actors/runtime/internal/guarded.hpp"
#include "actors/runtime/internal/no_wait.hpp"

#include <algorithm>
#include <spdlog/spdlog.h>
#include <utility>

namespace troupe::runtime {
namespace {

const method* find_method(const agent_type& type, const google::protobuf::Descriptor* request) {
  const auto found =
      std::find_if(type.methods.begin(), type.methods.end(),
                   [request](const method& each) { return each.request == request; });
  return found == type.methods.end() ? nullptr : &*found;
}

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

/// Runs the handler. @returns what it threw.
std::optional<std::string> run_handler(core& core, const std::shared_ptr<call>& asked,
                                       const std::shared_ptr<agent>& by,
                                       const std::shared_ptr<agent_mailbox>& box,
                                       const method& asked_method) {
  auto payload = asked->begin(by, box);
  if (!payload) return std::nullopt;
  // Kept until the end: while an exception unwinds, the handler's copy must not answer "no answer".
  const auto respond = asked->make_responder(asked_method);
  auto thrown = thrown_by([&] { by->handle(std::move(*payload), asked, respond); });
  if (thrown) {
    counters::add(core.counters.handler_exceptions);
    asked->answer(agent_failed(box->name().to_string(), *thrown));
  }
  return thrown;
}

/// Runs what an agent does with an answer. @returns what it threw.
std::optional<std::string> run_continuation(core& core, mail::answer& answer) {
  auto thrown = answer.asked->finish(std::move(answer.given));
  if (thrown) counters::add(core.counters.handler_exceptions);
  return thrown;
}

} // namespace

agent_actor::agent_actor(caf::actor_config& config, std::shared_ptr<core> core,
                         std::shared_ptr<agent_mailbox> box)
    : caf::event_based_actor(config), core_(std::move(core)), box_(std::move(box)),
      restarts_(box_->type().options.restart) {}

caf::behavior agent_actor::make_behavior() {
  return {[this](mail& arrived) {
    const no_wait_scope marked;
    receive(arrived);
  }};
}

void agent_actor::receive(mail& arrived) {
  if (std::holds_alternative<mail::wake>(arrived.content))
    on_wake();
  else if (auto* answer = std::get_if<mail::answer>(&arrived.content))
    on_answer(std::move(*answer));
  else
    std::get<mail::control>(arrived.content)(*this);
}

void agent_actor::end() {
  refuse_waiting(refusal_.value_or(stopping_failure()));
  agent_ = nullptr;
  quit();
}

void agent_actor::on_wake() {
  if (refusal_) return refuse_waiting(*refusal_);
  if (phase_ == phase::idle) return make();
  pump();
}

void agent_actor::on_answer(mail::answer answer) {
  if (!options().blocking) return continue_here(std::move(answer));
  if (options().max_concurrency > 1) return continue_on_executor(std::move(answer));
  answers_.push_back(std::move(answer));
  pump();
}

// -- making and supervising
// ------------------------------------------------------------------------------------------

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
    crashed(nullptr, outcome.error().message);
  } else {
    leave(std::move(outcome.error()));
  }
}

void agent_actor::crashed(const agent* which, const std::string& why) {
  // An agent that was replaced already may still throw in a thread of the executor.
  if (which != agent_.get()) return;
  agent_ = nullptr;
  const auto name = box_->name().to_string();
  if (const auto delay = restarts_.on_crash(core_->clock().now())) {
    spdlog::warn("agent {} failed and restarts in {} ms: {}", name, delay->count(), why);
    return restart_after(*delay);
  }
  spdlog::error("agent {} failed too often and stays down: {}", name, why);
  counters::add(core_->counters.agents_down);
  refuse_all(phase::down,
             {"runtime.agent_down",
              name + " failed more than " + std::to_string(options().restart.max_restarts) +
                  " times within " + std::to_string(options().restart.window.count()) +
                  " ms and stays down; the last failure: " + why,
              false});
}

void agent_actor::restart_after(std::chrono::milliseconds delay) {
  phase_ = phase::backing_off;
  core_->clock().schedule_after(delay, [box = box_] {
    box->post([](agent_actor& self) {
      counters::add(self.core_->counters.restarts);
      self.make();
    });
  });
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

// -- serving
// ---------------------------------------------------------------------------------------------------------

bool agent_actor::has_free_slot() const {
  return !options().blocking || busy_ < std::max(1U, options().max_concurrency);
}

// Whoever ends up here with requests left, for want of a slot or of a running agent, comes here again when that changes.
void agent_actor::pump() {
  while (has_free_slot() && !answers_.empty()) {
    auto answer = std::move(answers_.front());
    answers_.pop_front();
    continue_on_executor(std::move(answer));
  }
  for (std::size_t served = 0; phase_ == phase::running && has_free_slot(); ++served) {
    if (served == defaults::requests_per_turn) return box_->yield();
    const auto next = box_->take();
    if (!next) return;
    serve(next);
  }
}

void agent_actor::serve(const std::shared_ptr<call>& asked) {
  const auto* type = asked->payload_type();
  if (!type) return; // its deadline was first
  if (const auto* found = find_method(box_->type(), type))
    options().blocking ? serve_on_executor(asked, *found) : serve_here(asked, *found);
  else
    asked->answer(failure{"runtime.wrong_request_type",
                          box_->name().to_string() + " does not take " + type->full_name(), false});
}

void agent_actor::serve_here(const std::shared_ptr<call>& asked, const method& asked_method) {
  if (const auto thrown = run_handler(*core_, asked, agent_, box_, asked_method))
    crashed(agent_.get(), *thrown);
}

void agent_actor::serve_on_executor(const std::shared_ptr<call>& asked,
                                    const method& asked_method) {
  ++busy_;
  const bool accepted =
      core_->blocking().post([core = core_, box = box_, by = agent_, asked, asked_method] {
        auto thrown = run_handler(*core, asked, by, box, asked_method);
        box->post([by, thrown = std::move(thrown)](agent_actor& self) {
          self.slot_freed(by.get(), thrown);
        });
      });
  if (accepted) return;
  --busy_;
  asked->answer(failure{"runtime.executor_full",
                        "no thread for a request to " + box_->name().to_string(), true});
}

void agent_actor::continue_here(mail::answer answer) {
  const auto asker = answer.asked->from().asker;
  if (const auto thrown = run_continuation(*core_, answer)) crashed(asker.get(), *thrown);
}

void agent_actor::continue_on_executor(mail::answer answer) {
  ++busy_;
  const auto asker = answer.asked->from().asker;
  const bool accepted = core_->blocking().post([core = core_, box = box_, asker, answer]() mutable {
    auto thrown = run_continuation(*core, answer);
    box->post([asker, thrown = std::move(thrown)](agent_actor& self) {
      self.slot_freed(asker.get(), thrown);
    });
  });
  if (accepted) return;
  --busy_;
  // The continuation runs exactly once whatever happens; here it is told that there is no room for
  // more.
  answer.given = tl::unexpected(failure{
      "runtime.executor_full", "no thread for an answer to " + box_->name().to_string(), true});
  continue_here(std::move(answer));
}

void agent_actor::slot_freed(const agent* which, const std::optional<std::string>& thrown) {
  --busy_;
  if (thrown) crashed(which, *thrown);
  pump();
}

} // namespace troupe::runtime
