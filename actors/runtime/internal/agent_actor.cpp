#include "actors/runtime/internal/agent_actor.hpp"

#include "actors/runtime/caf_compat.hpp"
#include "actors/runtime/internal/core.hpp"
#include "actors/runtime/internal/failures.hpp"
#include "actors/runtime/internal/guarded.hpp"
#include "actors/runtime/internal/methods.hpp"
#include "actors/runtime/internal/no_wait.hpp"

#include <spdlog/spdlog.h>
#include <utility>

namespace troupe::runtime {
namespace {

/// Runs the handler. @returns what it threw.
std::optional<crash> run_handler(core& core, const std::shared_ptr<call>& asked,
                                 const std::shared_ptr<agent>& by,
                                 const std::shared_ptr<agent_mailbox>& box,
                                 const method& asked_method) {
  const auto payload = asked->begin(by, box);
  if (!payload) return std::nullopt;
  // Kept until the end: while an exception unwinds, the handler's responder must not answer "no answer".
  auto kept = asked->make_token(asked_method);
  const auto thrown = thrown_by([&] { by->handle(*payload, asked, call::make_responder(kept)); });
  if (!thrown) return std::nullopt;
  counters::add(core.counters.handler_exceptions);
  return crash{*thrown, asked, *payload, std::move(kept)};
}

/// Tells the supervisor of `by` how its work on the executor ended.
void report_back(const std::shared_ptr<agent_mailbox>& box, const std::shared_ptr<agent>& by,
                 const std::optional<crash>& thrown) {
  const bool told =
      box->post([by, thrown](agent_actor& self) { self.slot_freed(by.get(), thrown); });
  if (!told && thrown && thrown->blamed)
    thrown->blamed->answer(agent_failed(box->name().to_string(), thrown->why));
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
  const auto payload = asked->payload();
  if (!payload) return; // its deadline was first
  if (const auto times = times_blamed(*asked, *payload);
      times > 0 && times >= options().quarantine_after)
    asked->answer(quarantined_failure(box_->name().to_string(), times));
  else if (const auto* found = find_method(box_->type(), payload->GetDescriptor()))
    options().blocking ? serve_on_executor(asked, *found) : serve_here(asked, *found);
  else
    asked->answer(failure{"runtime.wrong_request_type",
                          box_->name().to_string() + " does not take " + payload->GetTypeName(),
                          false});
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
        report_back(box, by, run_handler(*core, asked, by, box, asked_method));
      });
  if (accepted) return;
  --busy_;
  asked->answer(failure{"runtime.executor_full",
                        "no thread for a request to " + box_->name().to_string(), true});
}

void agent_actor::continue_here(mail::answer answer) {
  const auto asker = answer.asked->from().asker;
  if (const auto thrown = answer.asked->finish(std::move(answer.given)))
    crashed(asker.get(), *thrown);
}

void agent_actor::continue_on_executor(mail::answer answer) {
  ++busy_;
  const auto asker = answer.asked->from().asker;
  const bool accepted = core_->blocking().post([box = box_, asker, answer]() mutable {
    report_back(box, asker, answer.asked->finish(std::move(answer.given)));
  });
  if (accepted) return;
  --busy_;
  // The continuation runs exactly once whatever happens; here it is told that there is no room for
  // more.
  answer.given = tl::unexpected(failure{
      "runtime.executor_full", "no thread for an answer to " + box_->name().to_string(), true});
  continue_here(std::move(answer));
}

void agent_actor::slot_freed(const agent* which, const std::optional<crash>& thrown) {
  --busy_;
  if (thrown) crashed(which, *thrown);
  pump();
}

} // namespace troupe::runtime
