#include "actors/runtime/caf_compat.hpp"
#include "tools/troupe/bench_agents_subject.hpp"
#include "tools/troupe/cli_errc.hpp"

#include <atomic>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/exit_reason.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>
#include <cstdint>

namespace troupe::cli {

namespace {

using clock_type = std::chrono::steady_clock;

double microseconds_since(clock_type::time_point start) {
  return std::chrono::duration<double, std::micro>{clock_type::now() - start}.count();
}

caf::behavior echo() {
  return {[](std::int64_t n) { return n; }};
}

struct asked {
  std::vector<double> microseconds;
  std::size_t left = 0, count = 0;
  clock_type::time_point sent;
  std::promise<void> done;
};

void ask_next(caf::event_based_actor* self, const caf::actor& target,
              const std::shared_ptr<asked>& into) {
  into->sent = clock_type::now();
  self->request(target, longest_measurement, std::int64_t{1}).then([=](std::int64_t) {
    if (into->left <= into->count) into->microseconds.push_back(microseconds_since(into->sent));
    if (--into->left > 0) return ask_next(self, target, into);
    into->done.set_value();
  });
}

struct counted {
  explicit counted(std::size_t expected) : left{expected} {}
  std::atomic<std::size_t> left;
  std::promise<void> done;
};

caf::behavior count_messages(const std::shared_ptr<counted>& into) {
  return {[into](std::int64_t) {
    if (--into->left == 0) into->done.set_value();
  }};
}

/// Ends actors when it goes, so that their system can end.
class spawned {
public:
  caf::actor& add(caf::actor made) { return actors_.emplace_back(std::move(made)); }
  void reserve(std::size_t actors) { actors_.reserve(actors); }
  ~spawned() {
    for (const auto& each : actors_)
      caf::anon_send_exit(each, caf::exit_reason::user_shutdown);
  }
  spawned() = default;
  spawned(const spawned&) = delete;
  spawned& operator=(const spawned&) = delete;

private:
  std::vector<caf::actor> actors_;
};

class subject final : public agent_subject {
public:
  subject(std::size_t workers, const std::string& policy) {
    runtime::register_caf_types();
    config_.set("caf.scheduler.policy", policy);
    config_.set("caf.scheduler.max-threads", workers);
  }

  result<std::vector<double>> requests_between_agents(std::size_t count) override {
    caf::actor_system system{config_};
    spawned actors;
    const auto target = actors.add(system.spawn(echo));
    const auto into = std::make_shared<asked>();
    into->left = warm_up_requests + count;
    into->count = count;
    into->microseconds.reserve(count);
    system.spawn([=](caf::event_based_actor* self) { ask_next(self, target, into); });
    if (const auto all = await(into->done.get_future(), "requests of bare CAF"); !all)
      return tl::unexpected(all.error());
    return std::move(into->microseconds);
  }

  result<std::vector<double>> requests_from_host(std::size_t count) override {
    caf::actor_system system{config_};
    spawned actors;
    const auto& target = actors.add(system.spawn(echo));
    const caf::scoped_actor self{system};
    std::vector<double> microseconds;
    microseconds.reserve(count);
    bool failed = false;
    for (std::size_t i = 0; i < warm_up_requests + count && !failed; ++i) {
      const auto sent = clock_type::now();
      self->request(target, longest_measurement, std::int64_t{1})
          .receive([](std::int64_t) {}, [&](const caf::error&) { failed = true; });
      if (i >= warm_up_requests) microseconds.push_back(microseconds_since(sent));
    }
    if (failed) return fail(cli_errc::bench_failed, "bare CAF did not answer a request");
    return microseconds;
  }

  result<bench_rate> one_way_rate(std::size_t count) override {
    caf::actor_system system{config_};
    spawned actors;
    const auto into = std::make_shared<counted>(count);
    const auto target = actors.add(system.spawn([into] { return count_messages(into); }));
    const stopwatch timer;
    system.spawn([=](caf::event_based_actor* self) {
      for (std::size_t i = 0; i < count; ++i)
        self->send(target, std::int64_t{1});
    });
    if (const auto all = await(into->done.get_future(), "one-way messages of bare CAF"); !all)
      return tl::unexpected(all.error());
    return rate_of(count, timer);
  }

  result<population_cost> populate(std::size_t agents) override {
    caf::actor_system system{config_};
    spawned actors;
    const auto into = std::make_shared<counted>(agents);
    const population_meter meter;
    actors.reserve(agents);
    for (std::size_t i = 0; i < agents; ++i)
      caf::anon_send(actors.add(system.spawn([into] { return count_messages(into); })),
                     std::int64_t{1});
    if (const auto all = await(into->done.get_future(), "starting actors of bare CAF"); !all)
      return tl::unexpected(all.error());
    return meter.finish(agents);
  }

private:
  caf::actor_system_config config_;
};

} // namespace

std::unique_ptr<agent_subject> bare_caf_subject(std::size_t workers, std::string policy) {
  return std::make_unique<subject>(workers, policy);
}

} // namespace troupe::cli
