#include "actors/runtime/agent_system.hpp"
#include "actors/runtime/typed_agent.hpp"
#include "tools/troupe/bench_agents_subject.hpp"
#include "tools/troupe/cli_errc.hpp"

#include <atomic>
#include <google/protobuf/wrappers.pb.h>
#include <optional>
#include <string>

namespace troupe::cli {

namespace {

using number = google::protobuf::Int64Value;
using clock_type = std::chrono::steady_clock;

message_ptr make_number(std::size_t value) {
  number made;
  made.set_value(static_cast<std::int64_t>(value));
  return share(std::move(made));
}

double microseconds_since(clock_type::time_point start) {
  return std::chrono::duration<double, std::micro>{clock_type::now() - start}.count();
}

tl::unexpected<error> failed(const failure& why) {
  return fail(cli_errc::bench_failed, why.message + " [" + why.type + "]");
}

/// Answers every number with itself.
agent_type echo() {
  return typed_agent<number, number>(
      "bench.echo", "Echoes",
      [](const number& n, const call_context&) -> reply<number> { return n; });
}

/// What an asking agent leaves behind.
struct asked {
  std::vector<double> microseconds;
  std::optional<failure> refused;
  std::promise<void> done;
};

/// Asks "bench.echo" one number after the other, starting the next request in the continuation of the last.
class asker : public std::enable_shared_from_this<asker> {
public:
  /// @param respond answered at the end: only the context of an unanswered request can ask.
  asker(std::shared_ptr<const call_context> context, typed_responder<number> respond,
        std::size_t count, std::shared_ptr<asked> into)
      : context_{std::move(context)}, respond_{std::move(respond)}, left_{warm_up_requests + count},
        count_{count}, into_{std::move(into)} {
    into_->microseconds.reserve(count);
  }

  void next() {
    sent_ = clock_type::now();
    context_->request(
        {"bench.echo"}, payload_,
        [self = shared_from_this()](const reply<message_ptr>& answer) { self->answered(answer); });
  }

private:
  void answered(const reply<message_ptr>& answer) {
    if (!answer) into_->refused = answer.error();
    if (left_ <= count_) into_->microseconds.push_back(microseconds_since(sent_));
    if (answer && --left_ > 0) return next();
    respond_(number{});
    into_->done.set_value();
  }

  std::shared_ptr<const call_context> context_;
  typed_responder<number> respond_;
  std::size_t left_, count_;
  std::shared_ptr<asked> into_;
  message_ptr payload_ = make_number(1);
  clock_type::time_point sent_;
};

agent_type asking_agent(std::shared_ptr<asked> into) {
  return typed_agent<number, number>(
      "bench.asker", "Asks as many times as the number says",
      [into = std::move(into)](const std::shared_ptr<const number>& count,
                               std::shared_ptr<const call_context> context,
                               typed_responder<number> respond) {
        std::make_shared<asker>(std::move(context), std::move(respond),
                                static_cast<std::size_t>(count->value()), into)
            ->next();
      });
}

/// Counts what arrives, over all its instances.
struct counted {
  explicit counted(std::size_t expected) : left{expected} {}
  std::atomic<std::size_t> left;
  std::promise<void> done;
};

agent_type counting_agent(std::shared_ptr<counted> into) {
  agent_options options;
  // All may wait at once: what is measured is the way, not the refusal.
  options.max_waiting_requests = into->left;
  return typed_agent<number, number>(
      "bench.counter", "Counts what arrives",
      [into = std::move(into)](const std::shared_ptr<const number>&,
                               const std::shared_ptr<const call_context>&,
                               const typed_responder<number>&) {
        if (--into->left == 0) into->done.set_value();
      },
      options);
}

agent_type telling_agent() {
  return typed_agent<number, number>(
      "bench.teller", "Sends \"bench.counter\" as many messages as the number says",
      [](const number& count, const call_context& context) -> reply<number> {
        const auto payload = make_number(1);
        for (std::int64_t i = 0; i < count.value(); ++i)
          if (auto sent = context.tell({"bench.counter"}, payload); !sent)
            return tl::unexpected(std::move(sent.error()));
        return number{};
      });
}

class subject final : public agent_subject {
public:
  explicit subject(std::size_t workers) : workers_{workers} {}

  result<std::vector<double>> requests_between_agents(std::size_t count) override {
    const auto into = std::make_shared<asked>();
    const auto system = start({echo(), asking_agent(into)});
    if (!system) return tl::unexpected(system.error());
    if (const auto sent = (*system)->request_and_wait({"bench.asker"}, make_number(count), patient);
        !sent)
      return failed(sent.error());
    if (into->refused) return failed(*into->refused);
    return std::move(into->microseconds);
  }

  result<std::vector<double>> requests_from_host(std::size_t count) override {
    const auto system = start({echo()});
    if (!system) return tl::unexpected(system.error());
    const auto payload = make_number(1);
    std::vector<double> microseconds;
    microseconds.reserve(count);
    for (std::size_t i = 0; i < warm_up_requests + count; ++i) {
      const auto sent = clock_type::now();
      const auto answer = (*system)->request_and_wait({"bench.echo"}, payload);
      if (!answer) return failed(answer.error());
      if (i >= warm_up_requests) microseconds.push_back(microseconds_since(sent));
    }
    return microseconds;
  }

  result<bench_rate> one_way_rate(std::size_t count) override {
    const auto into = std::make_shared<counted>(count);
    const auto system = start({telling_agent(), counting_agent(into)});
    if (!system) return tl::unexpected(system.error());
    const stopwatch timer;
    if (const auto sent =
            (*system)->request_and_wait({"bench.teller"}, make_number(count), patient);
        !sent)
      return failed(sent.error());
    if (const auto all = await(into->done.get_future(), "one-way messages"); !all)
      return tl::unexpected(all.error());
    return rate_of(count, timer);
  }

  result<population_cost> populate(std::size_t agents) override {
    const auto into = std::make_shared<counted>(agents);
    const auto system = start({counting_agent(into)});
    if (!system) return tl::unexpected(system.error());
    const auto payload = make_number(1);
    const population_meter meter;
    for (std::size_t i = 0; i < agents; ++i)
      if (const auto sent = (*system)->tell({"bench.counter", std::to_string(i)}, payload); !sent)
        return failed(sent.error());
    if (const auto all = await(into->done.get_future(), "starting agents"); !all)
      return tl::unexpected(all.error());
    return meter.finish(agents);
  }

private:
  static inline const request_options patient{.timeout = longest_measurement};

  [[nodiscard]] result<std::unique_ptr<agent_system>> start(std::vector<agent_type> types) const {
    agent_system_options options;
    options.worker_threads = workers_;
    auto system = agent_system::start(options);
    if (!system) return system;
    for (auto& type : types)
      if (const auto added = (*system)->add(std::move(type)); !added)
        return tl::unexpected(added.error());
    return system;
  }

  std::size_t workers_;
};

} // namespace

std::unique_ptr<agent_subject> troupe_subject(std::size_t workers) {
  return std::make_unique<subject>(workers);
}

} // namespace troupe::cli
