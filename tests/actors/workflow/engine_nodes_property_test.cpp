// Nodes that come and go under random loads: nothing is given twice, nothing is lost, and nothing counts twice.
#include "tests/actors/workflow/nodes_harness.hpp"

#include <map>
#include <rapidcheck.h>
#include <set>

using namespace troupe;
using namespace troupe::test;

BOOST_AUTO_TEST_SUITE(workflow_engine_nodes_property)

using namespace troupe::test::nodes;

namespace {

using scheduling::resource_vector;

enum class deed { submit, answer, fail, answer_late, cancel, wait, join, leave, come_back, state };

struct operation {
  deed what = deed::submit;
  std::uint32_t which = 0;
};

std::ostream& operator<<(std::ostream& out, const operation& shown) {
  return out << "{deed " << static_cast<int>(shown.what) << ", which " << shown.which << "}";
}

rc::Gen<operation> any_operation() {
  const auto deeds = rc::gen::weightedElement<deed>({{6, deed::submit},
                                                     {8, deed::answer},
                                                     {2, deed::fail},
                                                     {2, deed::answer_late},
                                                     {1, deed::cancel},
                                                     {3, deed::wait},
                                                     {3, deed::join},
                                                     {2, deed::leave},
                                                     {2, deed::come_back},
                                                     {2, deed::state}});
  return rc::gen::build<operation>(
      rc::gen::set(&operation::what, deeds),
      rc::gen::set(&operation::which, rc::gen::inRange<std::uint32_t>(0, 1'000)));
}

/// One of some thousand small definitions: two steps side by side, then one.
definition_ptr some_workflow(std::uint32_t which) {
  static const char* const strategies[] = {"least_loaded", "best_fit", "prefer_local", "spread",
                                           "by_cost"};
  const auto step = [&](const char* id, std::uint32_t salt, const std::string& more) {
    const std::uint32_t mix = which * 7 + salt * 13;
    const std::string where =
        mix % 4 == 0   ? fmt::format(", placement: {{ strategy: {} }}", strategies[mix % 5])
        : mix % 9 == 1 ? std::string{", placement: { class: large }"}
                       : "";
    return fmt::format("  {}: {{ agent: {}, resources: {{ cpu: {} }}{}, timeouts: {{ "
                       "start_to_close: 20s }}{}{}{} }}\n",
                       id, mix % 5 == 2 ? "plan.make" : "files.list", mix % 4, where,
                       mix % 2 == 0 ? ", speculate: { after: 1s }" : "",
                       mix % 3 == 0 ? ", preemptible: true" : "", more);
  };
  return load("name: w\nsteps:\n" + step("a", 0, "") + step("b", 1, "") +
              step("c", 2, ", needs: [a, b]"));
}

template <class Map>
auto pick(Map& from, std::uint32_t which) {
  return std::next(from.begin(), static_cast<std::ptrdiff_t>(which % from.size()));
}

/// An engine beside what a test knows of its nodes and of the attempts that it started.
class world {
public:
  explicit world(bool alone) {
    options_.node_name = "c";
    options_.resources = resources_of("cpu=2");
    options_.max_attempts_in_flight = 3;
    options_.speculation.share = 0.5;
    options_.may_grow = true;
    if (!alone) options_.local_agents.emplace();
    engine_ = std::make_unique<engine_harness>(fixture_.open(), options_);
    engine_->answers = [](const attempt_request& asked) -> reply<message_ptr> {
      if (asked.target.type == "plan.make") return std::make_shared<v1::WorkflowDefinition>();
      return test::answer(*asked.payload);
    };
  }

  void carry_out(const operation& wanted) {
    switch (wanted.what) {
    case deed::submit: {
      const std::string run = fmt::format("r{}", runs_.size());
      runs_.emplace(run, some_workflow(wanted.which));
      RC_ASSERT(engine_->submit(runs_.at(run), {}, run, static_cast<std::int32_t>(wanted.which % 2))
                    .has_value());
      break;
    }
    case deed::answer:
    case deed::fail:
      answer(wanted.which, wanted.what == deed::fail);
      break;
    case deed::answer_late:
      answer_late(wanted.which);
      break;
    case deed::cancel:
      if (!runs_.empty())
        engine_->core->cancel(pick(runs_, wanted.which)->first,
                              {"", std::chrono::seconds{wanted.which % 3}},
                              [](const result<cancellation>&) {});
      break;
    case deed::wait:
      engine_->now += std::chrono::milliseconds{250 * (1 + wanted.which % 16)};
      break;
    case deed::join:
      join(fmt::format("n{}", wanted.which % 4), wanted.which);
      break;
    case deed::leave:
      leave(wanted.which);
      break;
    case deed::come_back:
      if (!nodes_.empty()) join(pick(nodes_, wanted.which)->first, wanted.which);
      break;
    case deed::state:
      if (!nodes_.empty()) {
        auto& [name, node] = *pick(nodes_, wanted.which);
        node.state = static_cast<scheduling::node_state>(wanted.which % 3);
        RC_ASSERT(engine_->core->set_node_state(name, node.incarnation, node.state).has_value());
      }
    }
    settle();
  }

  /// One node stays that fits all of them: then all of them end.
  void finish() {
    auto stays = node_called("stays", "cpu=100", 100, 1);
    stays.node_class = "large";
    nodes_["stays"] = stays;
    must(engine_->core->add_node(stays));
    settle();
    for (int i = 0; i < 10'000 && engine_->core->runs_at_work() > 0; ++i) {
      if (engine_->attempts.empty())
        engine_->now = std::max(engine_->now, engine_->core->next_due());
      settle();
      answer(0, false);
      settle();
    }
    RC_ASSERT(engine_->core->runs_at_work() == 0u);
    while (!engine_->attempts.empty() || !late_.empty()) {
      answer(0, false);
      answer_late(0);
      settle();
    }
    RC_ASSERT(engine_->core->attempts_in_flight() == 0u);
    for (const auto& [number, each] : engine_->core->pool().nodes())
      RC_ASSERT(each->books.free() == each->books.capacity());
    check_histories();
  }

private:
  struct flying {
    resource_vector demand;
    time_point due;
    std::string node;
    std::uint64_t incarnation = 0;
  };

  void join(const std::string& name, std::uint32_t which) {
    auto made = node_called(name, fmt::format("cpu={}", 1 + which % 5), 1 + which % 4,
                            ++incarnations_[name]);
    made.node_class = which % 3 == 0 ? "large" : "small";
    if (which % 4 == 1) {
      made.offers = {};
      made.offers.types["files.list"];
    }
    drop_flights_of(name);
    nodes_[name] = made;
    RC_ASSERT(engine_->core->add_node(made).has_value());
  }
  void leave(std::uint32_t which) {
    if (nodes_.empty()) return;
    const auto gone = pick(nodes_, which);
    const std::string name = gone->first;
    const auto before = expected_on(name, gone->second.incarnation).second;
    const auto lost = engine_->core->remove_node(name, gone->second.incarnation);
    RC_ASSERT(lost.has_value());
    RC_ASSERT(*lost == before);
    nodes_.erase(gone);
    drop_flights_of(name);
  }
  /// What its agents still say comes late.
  void drop_flights_of(const std::string& name) {
    for (std::size_t at = 0; at < flying_.size();)
      if (flying_[at].node == name) {
        late_.push_back(std::move(engine_->attempts[at]));
        erase(at);
      } else {
        ++at;
      }
  }
  void erase(std::size_t at) {
    engine_->attempts.erase(engine_->attempts.begin() + static_cast<std::ptrdiff_t>(at));
    flying_.erase(flying_.begin() + static_cast<std::ptrdiff_t>(at));
  }
  void answer(std::uint32_t which, bool fails) {
    if (engine_->attempts.empty()) return;
    const std::size_t at = which % engine_->attempts.size();
    auto given = std::move(engine_->attempts[at]);
    erase(at);
    reply_to(given, fails);
  }
  void answer_late(std::uint32_t which) {
    if (late_.empty()) return;
    const auto at = late_.begin() + static_cast<std::ptrdiff_t>(which % late_.size());
    reply_to(*at, which % 5 == 0);
    late_.erase(at);
  }
  void reply_to(engine_harness::flying& given, bool fails) {
    if (fails)
      given.then(tl::unexpected(failure{"x.busy", "later", true}));
    else
      given.then(engine_->answers(given.request));
  }

  void settle() {
    for (bool first = true; first || !engine_->posted.empty(); first = false) {
      engine_->turn();
      RC_ASSERT(!engine_->core->failed());
      check();
    }
  }

  /// What a node holds, and how many attempts it has, as this test knows it.
  std::pair<resource_vector, std::size_t> expected_on(const std::string& node,
                                                      std::uint64_t incarnation) const {
    resource_vector held;
    std::size_t count = 0;
    for (const flying& each : flying_)
      if (each.node == node && each.incarnation == incarnation && each.due > engine_->now) {
        held = scheduling::sum(held, each.demand).value();
        ++count;
      }
    return {held, count};
  }

  void check() {
    for (std::size_t at = flying_.size(); at < engine_->attempts.size(); ++at)
      board(engine_->attempts[at].request);
    std::size_t all = 0;
    for (const auto& [number, each] : engine_->core->pool().nodes()) {
      const std::string name = number == 0 ? "" : each->is.name;
      const auto [held, count] = expected_on(name, number == 0 ? 0 : each->is.incarnation);
      RC_ASSERT(scheduling::fits(held, each->books.capacity()));
      RC_ASSERT(scheduling::sum(held, each->books.free()).value() == each->books.capacity());
      RC_ASSERT(each->in_flight == count);
      RC_ASSERT(count <= each->is.places);
      all += count;
    }
    RC_ASSERT(engine_->core->attempts_in_flight() == all);
    for (const auto& [run, workflow] : runs_)
      for (const waiting_reason& each : engine_->core->waiting(run))
        RC_ASSERT(each.why != waiting_reason::cause::resources || !each.missing.empty());
  }

  /// An attempt was started: on a node that may be given some, and that has its agent.
  void board(const attempt_request& asked) {
    const auto run = asked.idempotency_key.substr(0, asked.idempotency_key.find('/'));
    const auto id = asked.idempotency_key.substr(run.size() + 1, 1);
    const definition& workflow = *runs_.at(run);
    const step& of = workflow.steps[workflow.step_index.at(id)];
    flying_.push_back(
        {of.demand, engine_->now + asked.timeout, asked.node, asked.node_incarnation});
    if (asked.node.empty()) {
      RC_ASSERT(!options_.local_agents);
      RC_ASSERT(of.placement.node_class.empty());
      return;
    }
    const auto& node = nodes_.at(asked.node);
    RC_ASSERT(node.incarnation == asked.node_incarnation);
    RC_ASSERT(node.state == scheduling::node_state::active);
    RC_ASSERT(node.offers.has(asked.target.type, asked.target.key));
    RC_ASSERT(of.placement.node_class.empty() || of.placement.node_class == node.node_class);
  }

  /// Of each instance of a completed run one completion is recorded, and every history replays.
  void check_histories() {
    bool lost = false;
    for (const auto& [run, workflow] : runs_) {
      std::map<std::string, int> completed;
      const auto events = must(engine_->core->history(run));
      for (const v1::Event& each : events) {
        if (each.has_step_completed()) ++completed[each.step_completed().attempt().step()];
        lost = lost || each.has_step_lost();
      }
      for (const auto& [step, times] : completed)
        RC_ASSERT(times == 1);
      const auto summary = must(engine_->core->summary(run));
      RC_ASSERT(summary.status() != v1::RUN_STATUS_RUNNING);
      if (summary.status() == v1::RUN_STATUS_COMPLETED) RC_ASSERT(completed.size() == 3u);
    }
    RC_CLASSIFY(lost, "lost attempts");
  }

  engine_fixture fixture_;
  engine_options options_;
  std::map<std::string, definition_ptr> runs_;
  std::map<std::string, scheduling::node_description> nodes_;
  std::map<std::string, std::uint64_t> incarnations_;
  /// Beside `engine_->attempts`.
  std::vector<flying> flying_;
  std::vector<engine_harness::flying> late_;
  std::unique_ptr<engine_harness> engine_;
};

} // namespace

BOOST_AUTO_TEST_CASE(nothing_is_lost_with_nodes_and_nothing_counts_twice) {
  for (const bool alone : {false, true})
    BOOST_TEST(rc::check(fmt::format("with agents of its own: {}", alone), [alone] {
      const auto operations = *rc::gen::container<std::vector<operation>>(any_operation());
      world one{alone};
      for (const operation& each : operations)
        one.carry_out(each);
      one.finish();
    }));
}

BOOST_AUTO_TEST_SUITE_END()
