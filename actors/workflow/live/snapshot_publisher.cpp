#include "actors/workflow/live/snapshot_publisher.hpp"

#include "actors/workflow/live/snapshot_codec.hpp"

#include <array>
#include <pthread.h>
#include <unistd.h>
#include <utility>

namespace troupe::workflow {
namespace {

std::string host_name() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) return "unknown";
  return name.data();
}

} // namespace

snapshot_publisher::snapshot_publisher(publisher_options options)
    : options_(std::move(options)), thread_([this] { work(); }) {}

snapshot_publisher::~snapshot_publisher() {
  {
    const std::lock_guard held{mutex_};
    ending_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void snapshot_publisher::work() {
  pthread_setname_np(pthread_self(), "troupe-live");
  const std::string host = host_name();
  while (wait_for_next()) {
    auto now = options_.look();
    if (!now) break; // the engine has stopped
    now->host = host;
    now->process = ::getpid();
    post(*now);
  }
  if (!owner_.empty()) options_.board->remove(owner_);
}

bool snapshot_publisher::wait_for_next() {
  std::unique_lock held{mutex_};
  return !wake_.wait_for(held, options_.interval, [this] { return ending_; });
}

void snapshot_publisher::post(const node_snapshot& now) {
  node_snapshot undated = now;
  undated.taken = {};
  std::string content = encode_snapshot(undated);
  const auto moment = std::chrono::steady_clock::now();
  // A place that fails is not tried at every turn.
  if ((content == last_ || complained_) && moment - posted_ < options_.repeat) return;
  const auto posted = options_.board->post(now.owner, encode_snapshot(now));
  posted_ = moment;
  if (!posted) {
    if (!std::exchange(complained_, true)) options_.failed(posted.error());
    return;
  }
  complained_ = false;
  owner_ = now.owner;
  last_ = std::move(content);
}

} // namespace troupe::workflow
