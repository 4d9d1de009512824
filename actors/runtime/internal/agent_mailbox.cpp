#include "actors/runtime/internal/agent_mailbox.hpp"

#include "actors/runtime/caf_compat.hpp"

#include <utility>

namespace troupe::runtime {

void agent_mailbox::open(caf::actor actor) {
  std::lock_guard lock{mutex_};
  actor_ = std::move(actor);
}

template <class T>
bool agent_mailbox::send(T&& content) {
  std::lock_guard lock{mutex_};
  return actor_ && send_anonymously(actor_, mail{std::forward<T>(content)});
}

posted agent_mailbox::post(mail::request request) {
  if (waiting_.fetch_add(1, std::memory_order_relaxed) >= type_->options.max_waiting_requests) {
    taken();
    return posted::full;
  }
  if (send(std::move(request))) return posted::accepted;
  taken();
  return posted::closed;
}

bool agent_mailbox::post(mail::answer& answer) {
  return send(std::move(answer));
}

bool agent_mailbox::post(mail::control control) {
  return send(std::move(control));
}

void agent_mailbox::close(mail::control last) {
  std::lock_guard lock{mutex_};
  if (!actor_) return;
  send_anonymously(std::exchange(actor_, nullptr), mail{std::move(last)});
}

} // namespace troupe::runtime
