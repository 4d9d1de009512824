#include "actors/agents/process/process_service.hpp"

namespace troupe::agents {
namespace {

/// Longer than a guard tries to end what does not want to.
constexpr std::chrono::seconds stop_bound{15};
constexpr std::size_t most_waiting = 1'024;

thread_pool_options threads_of(const process_policy& policy) {
  thread_pool_options made;
  made.max_threads = policy.max_at_once;
  made.max_queued = most_waiting;
  made.thread_name = "troupe-process";
  return made;
}

} // namespace

process_service::process_service(process_policy policy)
    : policy_(std::move(policy)), threads_(threads_of(policy_)) {}

process_service::~process_service() {
  stop();
}

void process_service::stop() {
  stopping_.store(true);
  threads_.stop(stop_bound);
}

} // namespace troupe::agents
