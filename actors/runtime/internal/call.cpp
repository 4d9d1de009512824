#include "actors/runtime/internal/call.hpp"

#include "actors/runtime/internal/core.hpp"
#include "actors/runtime/internal/failures.hpp"
#include "actors/runtime/internal/guarded.hpp"

#include <algorithm>
#include <spdlog/spdlog.h>
#include <utility>

namespace troupe::runtime {

/// Held by a responder and its copies.
class call::token {
public:
  explicit token(std::shared_ptr<call> asked) : asked_(std::move(asked)) {}
  token(const token&) = delete;
  token& operator=(const token&) = delete;
  ~token() {
    if (asked_->answered()) return;
    if (asked_->one_way())
      asked_->answer(message_ptr{}); // nobody waits for more
    else
      forgotten();
  }
  void give(reply<message_ptr> given) { asked_->check_and_answer(std::move(given)); }

private:
  void forgotten() {
    counters::add(asked_->core_->counters.answers_forgotten);
    asked_->answer(no_answer_failure(asked_->header_.target.to_string()));
  }

  std::shared_ptr<call> asked_;
};

call::call(kind which, std::shared_ptr<core> core, envelope_header&& header, message_ptr payload,
           time_point sent, time_point due, responder then, origin from)
    : kind_(which), core_(std::move(core)), header_(std::move(header)), sent_(sent), due_(due),
      then_(std::move(then)), from_(std::move(from)),
      size_bytes_(payload ? payload->ByteSizeLong() : 0), payload_(std::move(payload)) {}

call::~call() {
  // Only where a system stops before the agent came to it, or with the continuation on its way.
  if (one_way() && !answered()) end_one_way(false);
  if (then_) finish_here(tl::unexpected(stopping_failure()));
}

std::optional<crash> call::finish(reply<message_ptr> given) {
  auto then = std::exchange(then_, nullptr);
  const auto thrown = thrown_by([&] {
    if (then) then(std::move(given));
  });
  if (!thrown) then = nullptr; // what it holds goes before the call counts as finished
  core_->finished();
  if (!thrown) return std::nullopt;
  counters::add(core_->counters.handler_exceptions);
  const auto& parent = from_.parent;
  return crash{*thrown, parent, parent ? parent->payload() : nullptr,
               std::make_shared<responder>(std::move(then))};
}

void call::finish_here(reply<message_ptr> given) {
  const auto thrown = finish(std::move(given));
  if (!thrown) return;
  spdlog::error("the continuation of a request to {} threw: {}", header_.target.to_string(),
                thrown->why);
  if (thrown->blamed) thrown->blamed->answer(agent_failed(header_.sender.to_string(), thrown->why));
}

std::optional<message_ptr> call::begin(std::shared_ptr<agent> served_by,
                                       std::shared_ptr<agent_mailbox> at) {
  if (core_->clock().now() >= due_) expire();
  if (one_way() && core_->stopped()) answer(stopping_failure());
  std::lock_guard lock{mutex_};
  if (answered()) return std::nullopt;
  served_by_ = std::move(served_by);
  served_at_ = std::move(at);
  return payload_;
}

message_ptr call::payload() const {
  std::lock_guard lock{mutex_};
  return payload_;
}

bool call::answer(reply<message_ptr> given) {
  auto before = state::open;
  if (!state_.compare_exchange_strong(before, given ? state::replied : state::failed,
                                      std::memory_order_acq_rel)) {
    counters::add(core_->counters.late_answers);
    return false;
  }
  if (one_way()) {
    release();
    end_one_way(given.has_value());
    return true;
  }
  core_->deadlines().remove(*this);
  release();
  counters::add(given ? core_->counters.replies : core_->counters.failures);
  mail::answer answer{shared_from_this(), std::move(given)};
  if (from_.box && from_.box->post(answer)) return true;
  finish_here(std::move(answer.given));
  return true;
}

void call::withdraw() {
  state_.store(state::failed, std::memory_order_release);
  release();
  core_->finished();
}

void call::end_one_way(bool served) {
  if (!served) counters::add(core_->counters.one_way_lost);
  core_->finished();
}

void call::release() {
  // What is let go may run destructors of agents and messages: not under the lock.
  message_ptr payload;
  std::shared_ptr<agent> served_by;
  std::shared_ptr<agent_mailbox> served_at;
  std::lock_guard lock{mutex_};
  payload.swap(payload_);
  served_by.swap(served_by_);
  served_at.swap(served_at_);
}

void call::expire() {
  if (answered()) return;
  const auto limit = std::chrono::duration_cast<std::chrono::milliseconds>(due_ - sent_);
  if (answer(failure{"runtime.deadline_exceeded",
                     header_.target.to_string() + " did not answer within " +
                         std::to_string(limit.count()) + " ms",
                     true}))
    counters::add(core_->counters.deadlines_exceeded);
}

std::shared_ptr<call::token> call::make_token(const method& asked) {
  expected_reply_ = asked.reply;
  return std::make_shared<token>(shared_from_this());
}

responder call::make_responder(std::shared_ptr<token> of) {
  return [held = std::move(of)](reply<message_ptr> given) { held->give(std::move(given)); };
}

void call::check_and_answer(reply<message_ptr> given) {
  // Of an agent of another node the declaration may be unknown.
  if (given && expected_reply_ && (!*given || (*given)->GetDescriptor() != expected_reply_))
    given = tl::unexpected(failure{"runtime.wrong_reply_type",
                                   header_.target.to_string() + " answered " +
                                       (*given ? (*given)->GetTypeName() : "nothing") +
                                       " where it declares " + expected_reply_->full_name(),
                                   false});
  answer(std::move(given));
}

/// Of the request that this one was made for in the end; nullptr where nobody listens.
heartbeat_sink* call::pulse() const noexcept {
  const call* first = this;
  while (first->from_.parent)
    first = first->from_.parent.get();
  return first->from_.pulse.get();
}

void call::heartbeat() const noexcept {
  if (auto* listening = pulse()) listening->beat();
}

reply<void> call::heartbeat(message_ptr details) const {
  if (auto* listening = pulse()) return listening->beat(std::move(details));
  return call_context::heartbeat(std::move(details));
}

message_ptr call::last_heartbeat() const {
  const auto* listening = pulse();
  return listening ? listening->last_details() : nullptr;
}

std::uint32_t call::attempt() const noexcept {
  const auto* listening = pulse();
  return listening ? listening->attempt() : 0;
}

/// As soon as this request or one that it was made for is answered, too.
bool call::cancelled() const noexcept {
  const call* at = this;
  for (; !at->answered(); at = at->from_.parent.get())
    if (!at->from_.parent) return at->from_.pulse && at->from_.pulse->cancelled();
  return true;
}

bool call::abandoned() const noexcept {
  const call* at = this;
  for (; !at->answered(); at = at->from_.parent.get())
    if (!at->from_.parent) return at->from_.pulse && at->from_.pulse->abandoned();
  return true;
}

bool call::preempted() const noexcept {
  const auto* listening = pulse();
  return listening && listening->preempted();
}

void call::request(agent_name target, message_ptr payload, responder then) const {
  send_child(defaults::longest_timeout, std::move(target), std::move(payload), std::move(then),
             true);
}

void call::request_within(std::chrono::milliseconds limit, agent_name target, message_ptr payload,
                          responder then) const {
  send_child(limit, std::move(target), std::move(payload), std::move(then), true);
}

reply<message_ptr> call::request_and_wait(agent_name target, message_ptr payload) const {
  return core_->wait_for([&](responder then) {
    send_child(defaults::longest_timeout, std::move(target), std::move(payload), std::move(then),
               false);
  });
}

reply<void> call::tell(agent_name target, message_ptr payload) const {
  return core_->tell(child_header(std::move(target)), std::move(payload), defaults::longest_timeout,
                     std::const_pointer_cast<call>(shared_from_this()));
}

envelope_header call::child_header(agent_name target) const {
  envelope_header header;
  header.sender = header_.target;
  header.target = std::move(target);
  header.priority = header_.priority;
  header.traceparent = header_.traceparent;
  header.tracestate = header_.tracestate;
  header.principal = header_.principal;
  header.privacy_labels = header_.privacy_labels;
  header.granted_memory_bytes = header_.granted_memory_bytes;
  return header;
}

void call::send_child(std::chrono::milliseconds limit, agent_name target, message_ptr payload,
                      responder then, bool on_agent) const {
  // Calls are never made const: the context is const for agents only.
  origin from{std::const_pointer_cast<call>(shared_from_this()), nullptr, nullptr};
  {
    std::lock_guard lock{mutex_};
    if (on_agent) from.box = served_at_;
    from.asker = served_by_;
  }
  core_->send(child_header(std::move(target)), std::move(payload), limit, std::move(then),
              std::move(from));
}

} // namespace troupe::runtime
