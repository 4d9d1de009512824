#include "actors/runtime/internal/core.hpp"

#include "actors/runtime/caf_compat.hpp"
#include "actors/runtime/errc.hpp"
#include "actors/runtime/internal/agent_actor.hpp"
#include "actors/runtime/internal/failures.hpp"
#include "actors/runtime/internal/methods.hpp"
#include "actors/runtime/internal/recycled.hpp"
#include "actors/runtime/internal/scheduling.hpp"
#include "actors/runtime/names.hpp"

#include <algorithm>
#include <random>
#include <set>
#include <thread>
#include <utility>

namespace troupe::runtime {
namespace {

std::uint64_t random_id() {
  std::random_device device;
  return std::uint64_t{device()} << 32 | device();
}

std::optional<std::string> fault_of(const agent_type& type) {
  if (!is_name_part(type.name)) return "its name must be 1 to 128 letters, digits, '.', '_', '-'";
  if (!type.make) return "it has no factory";
  if (type.methods.empty()) return "it declares no method";
  std::set<const google::protobuf::Descriptor*> seen;
  for (const auto& [request, answer] : type.methods) {
    if (!request || !answer) return "a method lacks its request or its reply type";
    if (!seen.insert(request).second) return "two methods take " + request->full_name();
  }
  return std::nullopt;
}

} // namespace

core::core(agent_system_options options, bool deterministic)
    : deterministic_(deterministic), drain_bound_(options.drain_bound),
      on_escalation_(std::move(options.on_escalation)),
      dead_letters_(options.dead_letters ? std::move(options.dead_letters)
                                         : make_memory_dead_letters()),
      blocking_(options.blocking ? std::move(options.blocking) : std::make_shared<thread_pool>()),
      clock_(options.clock ? std::move(options.clock) : make_thread_timer()),
      deadlines_(std::make_shared<runtime::deadlines>(clock_)), system_id_(random_id()) {
  register_caf_types();
  const auto processors = std::max(1U, std::thread::hardware_concurrency());
  const auto workers = options.worker_threads ? options.worker_threads : processors;
  if (deterministic)
    caf_config_.set("caf.scheduler.policy", "testing");
  else
    schedule_by_run_queue(caf_config_);
  caf_config_.set("caf.scheduler.max-threads", workers);
  actors_ = std::make_unique<caf::actor_system>(caf_config_);
  forget_thread_logger();
}

core::~core() = default;

result<void> core::add(agent_type type) {
  if (const auto fault = fault_of(type))
    return fail(runtime_errc::bad_agent_type, "agent type '" + type.name + "': " + *fault);
  if (!supervisors_.knows(type.options.supervisor))
    return fail(runtime_errc::bad_agent_type, "agent type '" + type.name + "': its supervisor '" +
                                                  type.options.supervisor +
                                                  "' is not there; add that first");
  if (phase_ != phase::running) return fail(runtime_errc::stopping, "agent type " + type.name);
  std::unique_lock lock{types_mutex_};
  auto name = type.name;
  if (types_.contains(name))
    return fail(runtime_errc::duplicate_agent_type, name + " is registered already");
  types_.emplace(std::move(name), std::make_unique<const agent_type>(std::move(type)));
  return {};
}

result<void> core::add(supervisor one) {
  if (phase_ != phase::running) return fail(runtime_errc::stopping, "supervisor " + one.name);
  return supervisors_.add(std::move(one));
}

const agent_type* core::find(std::string_view type) const {
  std::shared_lock lock{types_mutex_};
  const auto found = types_.find(type);
  return found == types_.end() ? nullptr : found->second.get();
}

std::vector<std::string> core::names() const {
  std::shared_lock lock{types_mutex_};
  std::vector<std::string> names;
  for (const auto& [name, type] : types_)
    names.push_back(name);
  return names;
}

void core::send(envelope_header&& header, message_ptr payload, std::chrono::milliseconds timeout,
                responder then, call::origin from) {
  counters::add(counters.requests);
  const auto asked = make_call(call::kind::request, std::move(header), std::move(payload), timeout,
                               std::move(then), std::move(from));
  if (auto refused = deliver(asked)) asked->answer(std::move(*refused));
}

reply<void> core::tell(envelope_header&& header, message_ptr payload,
                       std::chrono::milliseconds timeout, std::shared_ptr<call> parent) {
  counters::add(counters.one_way);
  const auto told = make_call(call::kind::one_way, std::move(header), std::move(payload), timeout,
                              nullptr, {std::move(parent), nullptr, nullptr});
  auto refused = deliver(told);
  if (!refused) return {};
  counters::add(counters.one_way_refused);
  told->withdraw();
  return tl::unexpected(std::move(*refused));
}

std::shared_ptr<call> core::make_call(call::kind which, envelope_header&& header,
                                      message_ptr payload, std::chrono::milliseconds timeout,
                                      responder then, call::origin from) {
  // Counted before the phase is looked at: `drain` sets the phase before it looks at the count.
  in_flight_.fetch_add(1);
  const auto now = clock_->now();
  const auto limit = std::clamp(timeout, std::chrono::milliseconds{0}, defaults::longest_timeout);
  auto due = now + limit;
  if (from.parent) due = std::min(due, from.parent->due());
  header.deadline = clock_->wall_now() + (due - now);
  header.message_id = {system_id_, last_message_.fetch_add(1, std::memory_order_relaxed) + 1};
  return std::allocate_shared<call>(recycling_allocator<call>{}, which, shared_from_this(),
                                    std::move(header), std::move(payload), now, due,
                                    std::move(then), std::move(from));
}

std::optional<failure> core::deliver(const std::shared_ptr<call>& asked) {
  const auto phase = phase_.load();
  const auto& parent = asked->from().parent;
  if (phase == phase::stopped || (phase == phase::draining && !parent)) return stopping_failure();
  if (parent && parent->answered())
    return failure{"runtime.call_ended",
                   "the request that this one was made for is answered already", false};
  if (!asked->payload())
    return failure{"runtime.wrong_request_type", "a request without a payload", false};
  if (!asked->one_way() && !deadlines_->add(*asked)) return stopping_failure();
  if (auto* router = router_.load(std::memory_order_acquire);
      router && router->is_elsewhere(asked->header()))
    return send_elsewhere(*router, asked);
  const auto& target = asked->header().target;
  while (true) {
    auto box = find_or_activate(target);
    if (!box) return std::move(box.error());
    const auto outcome = (*box)->post(asked);
    if (outcome == posted::accepted) return std::nullopt;
    // Closed: the agent leaves, the directory forgot it, so it is made anew.
    if (outcome != posted::closed) return rejection(outcome, *asked, **box);
  }
}

void core::route_through(std::shared_ptr<agent_router> router) {
  router_kept_ = std::move(router);
  router_.store(router_kept_.get(), std::memory_order_release);
}

std::optional<failure> core::send_elsewhere(agent_router& router,
                                            const std::shared_ptr<call>& asked) {
  // Its type need not be known here; where it is, the reply is held to it.
  const agent_type* type = find(asked->header().target.type);
  const message_ptr payload = asked->payload();
  if (!payload) return std::nullopt; // its time was over at once
  const method* declared = type ? find_method(*type, payload->GetDescriptor()) : nullptr;
  if (type && !declared)
    return failure{"runtime.wrong_request_type",
                   type->name + " does not take " + payload->GetTypeName(), false};
  if (asked->one_way()) {
    auto refused = router.send(payload, asked, nullptr, true);
    if (!refused) asked->answer(message_ptr{}); // it is on its way, nobody waits for more
    return refused;
  }
  // Held until a refusal is the answer: else letting go of it would be one.
  const auto token = asked->make_token(declared ? *declared : method{});
  if (auto refused = router.send(payload, asked, call::make_responder(token), false))
    asked->answer(std::move(*refused));
  return std::nullopt;
}

failure core::rejection(posted why, const call& asked, const agent_mailbox& by) {
  counters::add(counters.mailbox_rejections);
  const auto& options = by.type().options;
  if (why == posted::full)
    return {"runtime.mailbox_full",
            by.name().to_string() + " has " + std::to_string(options.max_waiting_requests) +
                " requests waiting; try again later",
            true};
  counters::add(counters.mailbox_byte_rejections);
  const auto sizes = "the request has " + std::to_string(asked.size_bytes()) + " bytes, " +
                     by.name().to_string() + " lets at most " +
                     std::to_string(options.max_waiting_bytes) + " bytes wait; ";
  if (why == posted::too_large)
    return {"runtime.request_too_large", sizes + "divide it, or raise max_waiting_bytes", false};
  return {"runtime.mailbox_full", sizes + "others wait already, try again later", true};
}

reply<std::shared_ptr<agent_mailbox>> core::find_or_activate(const agent_name& target) {
  return directory_.find_or_make(target, [&]() -> reply<std::shared_ptr<agent_mailbox>> {
    const auto* type = find(target.type);
    if (!type)
      return tl::unexpected(failure{"runtime.unknown_agent_type",
                                    is_name_part(target.type)
                                        ? "there is no agent type " + target.type
                                        : "the target's agent type is not a name",
                                    false});
    if (!is_name_part(target.key))
      return tl::unexpected(failure{"runtime.bad_agent_name",
                                    "the key of an agent " + target.type +
                                        " must be 1 to 128 letters, digits, '.', '_', '-'",
                                    false});
    return activate(*type, target);
  });
}

std::shared_ptr<agent_mailbox> core::activate(const agent_type& type, const agent_name& name) {
  auto box = std::make_shared<agent_mailbox>(type, name);
  box->open(caf::actor_cast<caf::actor>(
      actors_->spawn<agent_actor, caf::lazy_init>(shared_from_this(), box)));
  forget_thread_logger();
  counters::add(counters.activations);
  // The directory is locked here, so `escalate` meets this agent there if it is not met here.
  if (auto why = supervisors_.down(type.options.supervisor))
    box->post([why = std::move(*why)](agent_actor& self) { self.put_down(why); });
  return box;
}

void core::finished() {
  if (in_flight_.fetch_sub(1) != 1 || phase_ == phase::running) return;
  std::lock_guard lock{idle_mutex_};
  idle_.notify_all();
}

void core::drain() {
  phase_ = phase::draining;
  std::unique_lock lock{idle_mutex_};
  const auto bound = deterministic_ ? std::chrono::milliseconds{0} : drain_bound_;
  idle_.wait_for(lock, bound, [this] { return in_flight_ == 0; });
}

void core::stop() {
  std::lock_guard lock{stop_mutex_};
  if (!actors_) return;
  // Handlers at work when the bound ends get a moment to notice that nobody waits for them.
  constexpr std::chrono::nanoseconds least_wait{std::chrono::milliseconds{100}};
  const auto until = std::chrono::steady_clock::now() + drain_bound_;
  drain();
  phase_ = phase::stopped;
  for (const auto& asked : deadlines_->close())
    asked->answer(stopping_failure());
  // Answers that the agents wait for are on their way; agents go only after them.
  left_behind_ = !blocking_->stop(std::chrono::ceil<std::chrono::milliseconds>(
      std::max<std::chrono::nanoseconds>(until - std::chrono::steady_clock::now(), least_wait)));
  for (const auto& box : directory_.close())
    box->close([](agent_actor& self) { self.end(); });
  if (deterministic_) run_all_actors(*actors_);
  actors_.reset();
  clock_->stop();
}

void core::drop_types() {
  if (left_behind_) return;
  decltype(types_) dropped; // ends after the lock
  std::unique_lock lock{types_mutex_};
  dropped.swap(types_);
}

agent_system_metrics core::metrics() const {
  agent_system_metrics now;
  now.requests = counters.requests;
  now.replies = counters.replies;
  now.failures = counters.failures;
  now.deadlines_exceeded = counters.deadlines_exceeded;
  now.mailbox_rejections = counters.mailbox_rejections;
  now.mailbox_byte_rejections = counters.mailbox_byte_rejections;
  now.handler_exceptions = counters.handler_exceptions;
  now.answers_forgotten = counters.answers_forgotten;
  now.late_answers = counters.late_answers;
  now.activations = counters.activations;
  now.restarts = counters.restarts;
  now.agents_down = counters.agents_down;
  now.escalations = counters.escalations;
  now.quarantined = counters.quarantined;
  now.dead_letters_lost = counters.dead_letters_lost;
  now.one_way = counters.one_way;
  now.one_way_refused = counters.one_way_refused;
  now.one_way_lost = counters.one_way_lost;
  now.in_flight = in_flight_;
  return now;
}

} // namespace troupe::runtime
