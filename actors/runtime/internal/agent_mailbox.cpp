#include "actors/runtime/internal/agent_mailbox.hpp"

#include "actors/runtime/caf_compat.hpp"
#include "actors/runtime/internal/call.hpp"

#include <utility>

namespace troupe::runtime {

void agent_mailbox::open(caf::actor actor) {
  std::lock_guard lock{actor_mutex_};
  actor_ = std::move(actor);
}

template <class T>
bool agent_mailbox::send(T&& content) {
  std::lock_guard lock{actor_mutex_};
  return actor_ && send_anonymously(actor_, mail{std::forward<T>(content)});
}

posted agent_mailbox::judge(const call& asked) const {
  const auto& options = type_->options;
  if (closed_) return posted::closed;
  if (waiting_.size() >= options.max_waiting_requests) return posted::full;
  if (asked.size_bytes() > options.max_waiting_bytes) return posted::too_large;
  if (asked.size_bytes() > options.max_waiting_bytes - waiting_.size_bytes())
    return posted::full_of_bytes;
  return posted::accepted;
}

posted agent_mailbox::post(std::shared_ptr<call> asked) {
  bool asleep = false;
  {
    std::lock_guard lock{mutex_};
    const auto judged = judge(*asked);
    if (judged != posted::accepted) return judged;
    asleep = !std::exchange(woken_, true);
    waiting_.push(std::move(asked));
  }
  // Not under the lock, which the actor wants first of all. If somebody closes meanwhile, the actor ends what waits.
  if (asleep) send(mail::wake{});
  return posted::accepted;
}

bool agent_mailbox::post(mail::answer& answer) {
  return send(std::move(answer));
}

bool agent_mailbox::post(mail::control control) {
  return send(std::move(control));
}

void agent_mailbox::close(mail::control last) {
  {
    std::lock_guard lock{mutex_};
    closed_ = true;
  }
  std::lock_guard lock{actor_mutex_};
  if (!actor_) return;
  send_anonymously(std::exchange(actor_, nullptr), mail{std::move(last)});
}

std::shared_ptr<call> agent_mailbox::take() {
  std::lock_guard lock{mutex_};
  auto next = waiting_.pop();
  if (!next) woken_ = false;
  return next;
}

void agent_mailbox::yield() {
  send(mail::wake{});
}

} // namespace troupe::runtime
