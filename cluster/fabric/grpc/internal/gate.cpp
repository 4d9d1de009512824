#include "cluster/fabric/grpc/internal/gate.hpp"

#include "cluster/fabric/grpc/internal/address.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <utility>

namespace troupe::cluster {
namespace {

using agents::file_descriptor;

/// As Linux has it; the C library's knows the beginning alone, and the kernel's header cannot be included beside it.
struct whole_tcp_info {
  tcp_info beginning;
  std::uint64_t pacing_rate, max_pacing_rate, bytes_acked, bytes_received;
};
static_assert(sizeof(tcp_info) == 104);

constexpr std::uint64_t listener_id = 0;
constexpr int accepted_at_once = 64;
constexpr std::chrono::milliseconds pause_without_files{100};
/// Of reasons that wait for the end of their connection.
constexpr std::size_t most_reasons = 4'096;
constexpr std::chrono::seconds reason_waits{3};

std::string seconds_text(std::chrono::milliseconds time) {
  const auto tenths = time.count() / 100;
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " s";
}

} // namespace

void gate::open(file_descriptor listener, std::function<void(int fd)> hand_over) {
  listener_ = std::move(listener);
  hand_over_ = std::move(hand_over);
  static_cast<void>(keeper_.watch(listener_.get(), EPOLLIN, listener_id));
}

void gate::close() {
  if (listener_) keeper_.forget(listener_.get());
  listener_ = file_descriptor{};
  hand_over_ = nullptr;
}

void gate::ready(std::uint64_t id) {
  if (id == listener_id)
    accept_some();
  else
    ended(id);
  tell();
}

void gate::accept_some() {
  for (int i = 0; i < accepted_at_once && listener_; ++i) {
    sockaddr_storage from{};
    socklen_t size = sizeof from;
    file_descriptor accepted{::accept4(listener_.get(), reinterpret_cast<sockaddr*>(&from), &size,
                                       SOCK_NONBLOCK | SOCK_CLOEXEC)};
    if (!accepted) {
      if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) pause();
      if (errno != ECONNABORTED && errno != EINTR) return;
    } else if (!admit(std::move(accepted), to_text(from))) {
      return pause();
    }
  }
}

void gate::pause() {
  paused_until_ = clock::now() + pause_without_files;
  keeper_.change(listener_.get(), 0, listener_id);
}

bool gate::has_room(const std::string& address) {
  if (connections_.size() >= bounds_.connections) {
    untold_.push_back(
        {refusal::too_many_connections, address,
         "there are " + std::to_string(connections_.size()) + " connections, as many as may be"});
    return false;
  }
  if (pending_ < bounds_.pending) return true;
  const auto oldest = std::find_if(connections_.begin(), connections_.end(), [](const auto& one) {
    return !one.second.linked && !one.second.explained;
  });
  if (oldest != connections_.end())
    cut_locked(oldest->second, refusal::too_many_pending,
               "too many connections without a link came after it");
  return true;
}

/// @returns false where the process has no more files.
bool gate::admit(file_descriptor accepted, std::string address) {
  const int on = 1;
  ::setsockopt(accepted.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  int handed = -1;
  {
    const std::lock_guard lock{mutex_};
    if (!has_room(address)) return true;
    const auto id = next_++;
    if (!keeper_.watch(accepted.get(), 0, id)) return false;
    handed = ::fcntl(accepted.get(), F_DUPFD_CLOEXEC, 0);
    if (handed < 0) return false; // the other one is closed, and so watched no more
    by_address_[address] = id;
    connections_.emplace(id, connection{.fd = std::move(accepted),
                                        .address = std::move(address),
                                        .deadline = clock::now() + bounds_.handshake});
    ++pending_;
    metrics_->connections.store(connections_.size(), std::memory_order_relaxed);
  }
  hand_over_(handed);
  return true;
}

/// Its end follows, and is not spoken of again.
void gate::cut_locked(connection& one, refusal why, std::string text) {
  one.explained = one.cut = true;
  ::shutdown(one.fd.get(), SHUT_RDWR);
  untold_.push_back({why, one.address, std::move(text)});
}

void gate::ended(std::uint64_t id) {
  const std::lock_guard lock{mutex_};
  const auto found = connections_.find(id);
  if (found == connections_.end()) return;
  const connection gone = std::move(found->second);
  connections_.erase(found);
  metrics_->connections.store(connections_.size(), std::memory_order_relaxed);
  keeper_.forget(gone.fd.get());
  if (const auto named = by_address_.find(gone.address);
      named != by_address_.end() && named->second == id)
    by_address_.erase(named);
  if (!gone.linked) --pending_;
  if (gone.linked || gone.explained) return;
  auto why = next_reason_locked();
  untold_.push_back({why.why, gone.address, std::move(why.text)});
}

gate::reason gate::next_reason_locked() {
  if (reasons_.empty())
    return {refusal::no_handshake,
            "it went away or broke the protocol before it had a link; only nodes of the cluster "
            "speak here",
            {}};
  auto next = std::move(reasons_.front());
  reasons_.pop_front();
  return next;
}

/// Those whose connection has ended for another reason: else they would stand beside the addresses of others.
void gate::drop_old_reasons_locked(clock::time_point now) {
  for (; !reasons_.empty() && reasons_.front().at + reason_waits <= now; reasons_.pop_front())
    untold_.push_back({reasons_.front().why, "", std::move(reasons_.front().text)});
}

void gate::too_late_locked(connection& one) {
  if (!one.explained)
    return cut_locked(one, refusal::too_slow,
                      "it had no link after " + seconds_text(bounds_.handshake));
  one.cut = true;
  ::shutdown(one.fd.get(), SHUT_RDWR);
}

std::chrono::milliseconds gate::tick(clock::time_point now) {
  if (paused_until_ && now >= *paused_until_) {
    paused_until_.reset();
    if (listener_) keeper_.change(listener_.get(), EPOLLIN, listener_id);
  }
  auto next = paused_until_.value_or(clock::time_point::max());
  {
    const std::lock_guard lock{mutex_};
    drop_old_reasons_locked(now);
    for (auto& [id, one] : connections_) {
      if (one.linked || one.cut) continue;
      if (one.deadline > now)
        next = std::min(next, one.deadline);
      else
        too_late_locked(one);
    }
  }
  tell();
  if (next == clock::time_point::max()) return std::chrono::milliseconds::max();
  return std::chrono::ceil<std::chrono::milliseconds>(next - now);
}

std::uint64_t gate::linked(const std::string& address) {
  const std::lock_guard lock{mutex_};
  const auto named = by_address_.find(address);
  if (named == by_address_.end()) return 0;
  auto& one = connections_.at(named->second);
  if (!one.linked) --pending_;
  one.linked = true;
  return named->second;
}

void gate::unlinked(std::uint64_t number) {
  const std::lock_guard lock{mutex_};
  const auto found = connections_.find(number);
  if (found == connections_.end()) return;
  auto& one = found->second;
  if (one.linked) ++pending_;
  one.linked = false;
  one.explained = true;
  one.deadline = clock::now() + grpc_defaults::linger;
  keeper_.wake();
}

std::uint64_t gate::received(std::uint64_t number) {
  const std::lock_guard lock{mutex_};
  const auto found = connections_.find(number);
  if (found == connections_.end()) return 0;
  whole_tcp_info counted{};
  socklen_t size = sizeof counted;
  const int failed = ::getsockopt(found->second.fd.get(), IPPROTO_TCP, TCP_INFO, &counted, &size);
  return failed == 0 ? counted.bytes_received : 0;
}

void gate::refused(refusal why, std::string text) {
  const std::lock_guard lock{mutex_};
  if (reasons_.size() < most_reasons) reasons_.push_back({why, std::move(text), clock::now()});
}

void gate::tell() {
  std::vector<refused_peer> now;
  {
    const std::lock_guard lock{mutex_};
    now.swap(untold_);
  }
  for (const auto& peer : now)
    refusals_.note(peer);
}

} // namespace troupe::cluster
