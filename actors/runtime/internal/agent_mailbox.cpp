#include "actors/runtime/internal/agent_mailbox.hpp"

#include "actors/runtime/caf_compat.hpp"
#include "actors/runtime/internal/call.hpp"

#include <utility>

namespace troupe::runtime {

void agent_mailbox::open(caf::actor actor) {
  std::lock_guard lock{mutex_};
  actor_ = std::move(actor);
}

template <class T>
bool agent_mailbox::send(T&& content) {
  return actor_ && send_anonymously(actor_, mail{std::forward<T>(content)});
}

posted agent_mailbox::judge(const call& asked) const {
  const auto& options = type_->options;
  if (!actor_) return posted::closed;
  if (waiting_.size() >= options.max_waiting_requests) return posted::full;
  if (asked.size_bytes() > options.max_waiting_bytes) return posted::too_large;
  if (asked.size_bytes() > options.max_waiting_bytes - waiting_.size_bytes())
    return posted::full_of_bytes;
  return posted::accepted;
}

posted agent_mailbox::post(std::shared_ptr<call> asked) {
  std::lock_guard lock{mutex_};
  const auto judged = judge(*asked);
  if (judged != posted::accepted) return judged;
  if (!woken_ && !send(mail::wake{})) return posted::closed;
  woken_ = true;
  waiting_.push(std::move(asked));
  return posted::accepted;
}

bool agent_mailbox::post(mail::answer& answer) {
  std::lock_guard lock{mutex_};
  return send(std::move(answer));
}

bool agent_mailbox::post(mail::control control) {
  std::lock_guard lock{mutex_};
  return send(std::move(control));
}

void agent_mailbox::close(mail::control last) {
  std::lock_guard lock{mutex_};
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
  std::lock_guard lock{mutex_};
  send(mail::wake{});
}

} // namespace troupe::runtime
