// What a request costs, beside bare CAF in the same process. Prints a table of microseconds and messages per second.

#include "actors/runtime/agent_system.hpp"
#include "actors/runtime/typed_agent.hpp"

#include <algorithm>
#include <atomic>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/init_global_meta_objects.hpp>
#include <caf/scoped_actor.hpp>
#include <chrono>
#include <cstdio>
#include <future>
#include <google/protobuf/wrappers.pb.h>
#include <memory>
#include <string>
#include <vector>

namespace {

using namespace troupe;
using number = google::protobuf::Int64Value;
using clock_type = std::chrono::steady_clock;

constexpr int warm_up = 5'000, rounds = 200'000, host_rounds = 20'000;

double micros(clock_type::duration d) {
  return std::chrono::duration<double, std::micro>(d).count();
}

void report(const char* name, std::vector<double> times) {
  std::sort(times.begin(), times.end());
  const auto at = [&](double q) {
    return times[static_cast<std::size_t>(q * static_cast<double>(times.size() - 1))];
  };
  std::printf("%-44s p50 %8.2f us  p90 %8.2f  p99 %8.2f\n", name, at(0.5), at(0.9), at(0.99));
}

number make_number(std::int64_t value) {
  number made;
  made.set_value(value);
  return made;
}

agent_type echo(const char* name, bool blocking) {
  agent_options options;
  options.blocking = blocking;
  return typed_agent<number, number>(
      name, "Echoes", [](const number& n, const call_context&) -> reply<number> { return n; },
      options);
}

/// Asks `target` one request after the other and notes how long each took.
struct pinger : std::enable_shared_from_this<pinger> {
  std::shared_ptr<const call_context> context;
  typed_responder<number> respond;
  agent_name target;
  message_ptr payload = share(make_number(1));
  int left = warm_up + rounds;
  std::vector<double> times;
  clock_type::time_point sent;

  pinger(std::shared_ptr<const call_context> c, typed_responder<number> r, agent_name t)
      : context(std::move(c)), respond(std::move(r)), target(std::move(t)) {}

  void next() {
    sent = clock_type::now();
    context->request(target, payload, [self = shared_from_this()](reply<message_ptr>) {
      if (self->left <= rounds) self->times.push_back(micros(clock_type::now() - self->sent));
      if (--self->left > 0) return self->next();
      report(("troupe, agent to agent (" + self->target.type + ")").c_str(), self->times);
      self->respond(make_number(0));
    });
  }
};

void agent_to_agent(agent_system& system, const char* target) {
  const std::string name = std::string{"pinger."} + target;
  if (!system.add(typed_agent<number, number>(
          name, "Asks",
          [target](std::shared_ptr<const number>, std::shared_ptr<const call_context> context,
                   typed_responder<number> respond) {
            std::make_shared<pinger>(std::move(context), std::move(respond), agent_name{target})
                ->next();
          })))
    std::abort();
  if (!system.request_and_wait({name}, share(make_number(0)), {.timeout = std::chrono::minutes{5}}))
    std::abort();
}

void from_host(agent_system& system, const char* target) {
  const auto payload = share(make_number(1));
  std::vector<double> times;
  for (int i = 0; i < warm_up + host_rounds; ++i) {
    const auto sent = clock_type::now();
    if (!system.request_and_wait({target}, payload)) std::abort();
    if (i >= warm_up) times.push_back(micros(clock_type::now() - sent));
  }
  report((std::string{"troupe, host thread waits ("} + target + ")").c_str(), times);
}

void throughput(agent_system& system, const char* target) {
  constexpr int total = 500'000, window = 1'000;
  std::atomic<int> sent = 0, answered = 0;
  std::promise<void> done;
  const auto payload = share(make_number(1));
  std::function<void()> send = [&] {
    if (sent.fetch_add(1) >= total) return;
    system.request({target}, payload, {}, [&](reply<message_ptr>) {
      if (++answered == total) return done.set_value();
      send();
    });
  };
  const auto begin = clock_type::now();
  for (int i = 0; i < window; ++i)
    send();
  done.get_future().wait();
  const double seconds = micros(clock_type::now() - begin) / 1e6;
  std::printf("%-44s %.0f requests/s\n",
              (std::string{"troupe, 1000 in flight ("} + target + ")").c_str(), total / seconds);
}

caf::behavior bare_echo() {
  return {[](std::int64_t n) { return n; }};
}

struct bare_state {
  std::vector<double> times;
  clock_type::time_point sent;
  int left = warm_up + rounds;
};

void bare_next(caf::event_based_actor* self, const caf::actor& target,
               const std::shared_ptr<bare_state>& state, std::promise<void>* done) {
  state->sent = clock_type::now();
  self->request(target, std::chrono::seconds{30}, std::int64_t{1}).then([=](std::int64_t) {
    if (state->left <= rounds) state->times.push_back(micros(clock_type::now() - state->sent));
    if (--state->left > 0) return bare_next(self, target, state, done);
    report("bare CAF, actor to actor", state->times);
    done->set_value();
  });
}

void bare_caf(const char* policy) {
  caf::actor_system_config config;
  config.set("caf.scheduler.policy", policy);
  caf::actor_system system{config};
  std::printf("-- bare CAF, %s\n", policy);
  const auto target = system.spawn(bare_echo);
  std::promise<void> done;
  auto state = std::make_shared<bare_state>();
  system.spawn([&](caf::event_based_actor* self) { bare_next(self, target, state, &done); });
  done.get_future().wait();
  caf::scoped_actor self{system};
  std::vector<double> times;
  for (int i = 0; i < warm_up + host_rounds; ++i) {
    const auto sent = clock_type::now();
    self->request(target, std::chrono::seconds{30}, std::int64_t{1})
        .receive([](std::int64_t) {}, [](const caf::error&) { std::abort(); });
    if (i >= warm_up) times.push_back(micros(clock_type::now() - sent));
  }
  report("bare CAF, host thread waits", times);
  self->send_exit(target, caf::exit_reason::user_shutdown);
}

void activations(agent_system& system) {
  constexpr int total = 50'000;
  std::atomic<int> answered = 0;
  std::promise<void> done;
  const auto payload = share(make_number(1));
  const auto begin = clock_type::now();
  for (int i = 0; i < total; ++i)
    system.request({"echo", std::to_string(i)}, payload, {}, [&](reply<message_ptr>) {
      if (++answered == total) done.set_value();
    });
  done.get_future().wait();
  std::printf("%-44s %.0f agents/s\n", "troupe, first request to a new agent",
              total / (micros(clock_type::now() - begin) / 1e6));
}

} // namespace

int main() {
  auto started = agent_system::start();
  if (!started) return 1;
  auto& system = **started;
  if (!system.add(echo("echo", false)) || !system.add(echo("blocking", true))) return 1;
  agent_to_agent(system, "echo");
  agent_to_agent(system, "blocking");
  from_host(system, "echo");
  from_host(system, "blocking");
  throughput(system, "echo");
  activations(system);
  bare_caf("sharing");
  bare_caf("stealing");
  return 0;
}
