#include "actors/runtime/agent_system.hpp"

#include "actors/runtime/errc.hpp"
#include "actors/runtime/internal/core.hpp"
#include "actors/runtime/internal/guarded.hpp"

#include <utility>

namespace troupe {
namespace {

envelope_header header_of(agent_name&& target, request_options&& options) {
  envelope_header header;
  header.sender = std::move(options.sender);
  header.target = std::move(target);
  header.priority = options.priority;
  header.granted_memory_bytes = options.granted_memory_bytes;
  header.traceparent = std::move(options.traceparent);
  header.tracestate = std::move(options.tracestate);
  header.node = std::move(options.node);
  header.idempotency_key = std::move(options.idempotency_key);
  header.principal = std::move(options.principal);
  header.privacy_labels = std::move(options.privacy_labels);
  return header;
}

} // namespace

agent_system::agent_system(std::shared_ptr<runtime::core> core) : core_(std::move(core)) {}

agent_system::~agent_system() {
  core_->stop();
  core_->drop_types();
}

result<std::unique_ptr<agent_system>> agent_system::start(agent_system_options options) {
  constexpr std::size_t most_workers = 1'024;
  if (options.worker_threads > most_workers)
    return fail(runtime_errc::bad_option, "worker_threads is " +
                                              std::to_string(options.worker_threads) +
                                              ", the most is " + std::to_string(most_workers));
  std::shared_ptr<runtime::core> core;
  if (const auto thrown = runtime::thrown_by(
          [&] { core = std::make_shared<runtime::core>(std::move(options), false); }))
    return fail(runtime_errc::cannot_start, *thrown);
  return std::unique_ptr<agent_system>{new agent_system{std::move(core)}};
}

result<void> agent_system::add(agent_type type) {
  return core_->add(std::move(type));
}

const agent_type* agent_system::find(std::string_view type) const {
  return core_->find(type);
}

std::vector<std::string> agent_system::names() const {
  return core_->names();
}

void agent_system::request(agent_name target, message_ptr payload, request_options options,
                           responder then) {
  const auto timeout = options.timeout;
  runtime::call::origin from;
  from.pulse = std::move(options.pulse);
  core_->send(header_of(std::move(target), std::move(options)), std::move(payload), timeout,
              std::move(then), std::move(from));
}

reply<message_ptr> agent_system::request_and_wait(agent_name target, message_ptr payload,
                                                  request_options options) {
  return core_->wait_for([&](responder then) {
    request(std::move(target), std::move(payload), std::move(options), std::move(then));
  });
}

reply<void> agent_system::tell(agent_name target, message_ptr payload, request_options options) {
  const auto timeout = options.timeout;
  return core_->tell(header_of(std::move(target), std::move(options)), std::move(payload), timeout,
                     nullptr);
}

result<void> agent_system::add(supervisor one) {
  return core_->add(std::move(one));
}

dead_letter_store& agent_system::dead_letters() {
  return core_->dead_letters();
}

void agent_system::replay(const dead_letter& letter, std::chrono::milliseconds timeout,
                          responder then) {
  core_->replay(letter, timeout, std::move(then));
}

void agent_system::route_through(std::shared_ptr<agent_router> router) {
  core_->route_through(std::move(router));
}

executor& agent_system::blocking_executor() {
  return core_->blocking();
}

timer& agent_system::clock() {
  return core_->clock();
}

agent_system_metrics agent_system::metrics() const {
  return core_->metrics();
}

void agent_system::stop() {
  core_->stop();
}

} // namespace troupe
