// The ledger against the attempts in flight, after every step of random loads with failures, cancels, timeouts and crashes.
#include "actors/scheduling/resources/resource_text.hpp"
#include "tests/actors/workflow/engine_harness.hpp"

#include <fmt/format.h>
#include <map>
#include <rapidcheck.h>

using namespace troupe;
using namespace troupe::test;

BOOST_AUTO_TEST_SUITE(workflow_engine_resources_property)

namespace {

using scheduling::resource_vector;

resource_vector capacity() {
  return scheduling::make_resources(*scheduling::parse_resources("cpu=4,memory=1000B,license=2"))
      .value();
}

enum class deed { submit, answer, fail, cancel, wait, crash };

struct operation {
  deed what = deed::submit;
  std::uint32_t which = 0;
};

std::ostream& operator<<(std::ostream& out, const operation& shown) {
  return out << "{deed " << static_cast<int>(shown.what) << ", which " << shown.which << "}";
}

rc::Gen<operation> any_operation() {
  const auto deeds = rc::gen::weightedElement<deed>({{6, deed::submit},
                                                     {6, deed::answer},
                                                     {2, deed::fail},
                                                     {2, deed::cancel},
                                                     {3, deed::wait},
                                                     {1, deed::crash}});
  return rc::gen::build<operation>(
      rc::gen::set(&operation::what, deeds),
      rc::gen::set(&operation::which, rc::gen::inRange<std::uint32_t>(0, 1'000)));
}

/// One of some thousand small definitions: two steps side by side, then one.
definition_ptr some_workflow(std::uint32_t which) {
  const auto step = [&](const char* id, std::uint32_t salt, const std::string& more) {
    const std::uint32_t mix = which * 7 + salt * 13;
    return fmt::format("  {}: {{ agent: files.list, priority: {}, resources: {{ cpu: {}, memory: "
                       "{}B, license: {} }}, "
                       "retry: {{ maximum_attempts: 2, initial_interval: 1s }}, "
                       "timeouts: {{ start_to_close: {}s, schedule_to_start: {}s }}{}{}{} }}\n",
                       id, mix % 3, mix % 5, (mix % 4) * 250, mix % 11 == 0 ? mix % 3 : 0,
                       2 + mix % 4, 3 + mix % 9, mix % 2 == 0 ? ", speculate: { after: 1s }" : "",
                       mix % 3 == 0 ? ", preemptible: true" : "", more);
  };
  return load("name: w\nsteps:\n" + step("a", 0, "") + step("b", 1, "") +
              step("c", 2, ", needs: [a, b]"));
}

/// An engine beside what a test knows about the attempts that it started.
class world {
public:
  world() {
    options_.resources = capacity();
    options_.max_attempts_in_flight = 6;
    options_.speculation.share = 0.5;
    start();
  }

  void carry_out(const operation& wanted) {
    switch (wanted.what) {
    case deed::submit:
      return submit(wanted.which);
    case deed::answer:
    case deed::fail:
      return answer(wanted.which, wanted.what == deed::fail);
    case deed::cancel:
      return cancel(wanted.which);
    case deed::wait:
      engine_->now += std::chrono::milliseconds{250 * (1 + wanted.which % 16)};
      return settle();
    case deed::crash:
      return start();
    }
  }

  void finish() {
    for (int i = 0; i < 10'000 && engine_->core->runs_at_work() > 0; ++i) {
      if (engine_->attempts.empty())
        engine_->now = std::max(engine_->now, engine_->core->next_due());
      settle();
      if (!engine_->attempts.empty()) answer(0, false);
    }
    RC_ASSERT(engine_->core->runs_at_work() == 0u);
    const auto has = [&](bool (v1::Event::*is)() const) {
      return std::ranges::any_of(engine_->committed,
                                 [&](const v1::Event& each) { return (each.*is)(); });
    };
    RC_CLASSIFY(has(&v1::Event::has_step_speculated), "second attempts");
    RC_CLASSIFY(has(&v1::Event::has_step_preempted), "places given up");
    while (!engine_->attempts.empty())
      answer(0, false);
    RC_ASSERT(engine_->core->resources().free() == capacity());
    RC_ASSERT(engine_->core->attempts_in_flight() == 0u);
  }

private:
  struct flying {
    resource_vector demand;
    time_point due;
  };

  void start() {
    const time_point now = engine_ ? engine_->now : at(0);
    engine_.reset(); // what it had in flight is lost with it
    flying_.clear();
    engine_ = std::make_unique<engine_harness>(fixture_.open("s.db", now), options_);
    engine_->now = now;
    RC_ASSERT(engine_->core->resources().free() == capacity());
    RC_ASSERT(engine_->core->recover().has_value());
    settle();
  }

  void submit(std::uint32_t which) {
    const std::string run = fmt::format("r{}", runs_.size());
    runs_.emplace(run, some_workflow(which));
    RC_ASSERT(
        engine_->submit(runs_.at(run), {}, run, static_cast<std::int32_t>(which % 2)).has_value());
    settle();
  }

  void answer(std::uint32_t which, bool fails) {
    if (engine_->attempts.empty()) return;
    const auto at = static_cast<std::ptrdiff_t>(which % engine_->attempts.size());
    auto given = std::move(engine_->attempts[static_cast<std::size_t>(at)]);
    engine_->attempts.erase(engine_->attempts.begin() + at);
    flying_.erase(flying_.begin() + at);
    if (fails)
      given.then(tl::unexpected(failure{"x.busy", "later", true}));
    else
      given.then(test::answer(*given.request.payload));
    settle();
  }

  void cancel(std::uint32_t which) {
    if (runs_.empty()) return;
    auto run = std::next(runs_.begin(), static_cast<std::ptrdiff_t>(which % runs_.size()));
    engine_->core->cancel(run->first, {"", {}}, [](const result<cancellation>&) {});
    settle();
  }

  void settle() {
    for (bool first = true; first || !engine_->posted.empty(); first = false) {
      engine_->turn();
      RC_ASSERT(!engine_->core->failed());
      check();
    }
  }

  /// What is in flight holds exactly what it demands, and nothing else holds anything.
  void check() {
    for (std::size_t at = flying_.size(); at < engine_->attempts.size(); ++at) {
      const attempt_request& asked = engine_->attempts[at].request;
      flying_.push_back({demand_of(asked.idempotency_key), engine_->now + asked.timeout});
    }
    resource_vector held;
    std::size_t in_flight = 0, grants = 0;
    for (const flying& each : flying_) {
      if (each.due <= engine_->now) continue;
      ++in_flight;
      if (!each.demand.empty()) ++grants;
      held = scheduling::sum(held, each.demand).value();
    }
    const scheduling::ledger& books = engine_->core->resources();
    RC_ASSERT(scheduling::fits(held, capacity()));
    RC_ASSERT(scheduling::sum(held, books.free()).value() == capacity());
    RC_ASSERT(books.grants().size() == grants);
    RC_ASSERT(engine_->core->attempts_in_flight() == in_flight);
    check_reasons();
  }

  /// Nobody waits without a reason that is true.
  void check_reasons() {
    const auto& core = *engine_->core;
    for (const auto& [run, workflow] : runs_)
      for (const waiting_reason& each : core.waiting(run)) {
        if (each.why == waiting_reason::cause::slot)
          RC_ASSERT(core.attempts_in_flight() == options_.max_attempts_in_flight);
        if (each.why == waiting_reason::cause::resources) RC_ASSERT(!each.missing.empty());
        if (each.why == waiting_reason::cause::reserved) RC_ASSERT(!each.kept_for.empty());
      }
  }

  /// By the key `RUN/STEP/INDEX`.
  [[nodiscard]] resource_vector demand_of(const std::string& key) const {
    const auto run = key.substr(0, key.find('/'));
    const auto step = key.substr(run.size() + 1, 1);
    const definition& workflow = *runs_.at(run);
    return workflow.steps[workflow.step_index.at(step)].demand;
  }

  engine_fixture fixture_;
  engine_options options_;
  std::map<std::string, definition_ptr> runs_;
  /// Beside `engine_->attempts`.
  std::vector<flying> flying_;
  std::unique_ptr<engine_harness> engine_;
};

} // namespace

BOOST_AUTO_TEST_CASE(the_ledger_is_what_is_in_flight) {
  BOOST_TEST(rc::check("what is held is what is in flight", [] {
    const auto operations = *rc::gen::container<std::vector<operation>>(any_operation());
    world one;
    for (const operation& each : operations)
      one.carry_out(each);
    one.finish();
  }));
}

BOOST_AUTO_TEST_SUITE_END()
