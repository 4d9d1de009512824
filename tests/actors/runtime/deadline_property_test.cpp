#include "tests/actors/runtime/support.hpp"

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <rapidcheck.h>
#include <string>
#include <vector>

namespace {

using namespace troupe;
using namespace troupe::test;
using milliseconds = std::chrono::milliseconds;

/// What one agent of a chain does: works for a while, then asks the next one.
struct hop {
  milliseconds work{};
  milliseconds limit{};
};

struct chain {
  std::vector<hop> hops;
  /// What each hop was told: when it got its request and its deadline, on the wall clock of the stage.
  struct seen {
    std::chrono::system_clock::time_point at, deadline;
  };
  std::map<std::size_t, seen> told;
};

/// Hop `i` is the agent `hop/i`.
agent_type hop_agent(stage& stage, const std::shared_ptr<chain>& links) {
  return typed_agent<text, text>(
      "hop", "Works, then asks the next",
      [&stage, links](std::shared_ptr<const text> request,
                      std::shared_ptr<const call_context> context, typed_responder<text> respond) {
        const auto i = std::stoul(context->header().target.key);
        const auto& [work, limit] = links->hops[i];
        links->told[i] = {stage.clock().wall_now(), context->header().deadline};
        if (i + 1 == links->hops.size())
          return void(stage.clock().schedule_after(
              work, [respond] { respond(make_text("the end of the chain")); }));
        stage.clock().schedule_after(work, [=, allowed = limit] {
          context->request_within(
              allowed, {"hop", std::to_string(i + 1)}, request,
              typed_then<text>([respond](reply<std::shared_ptr<const text>> got) {
                if (!got) return respond.fail(std::move(got.error()));
                respond(**got);
              }));
        });
      });
}

/// Whether every hop answers within its own limit and those before it.
bool in_time(const chain& links, milliseconds timeout) {
  milliseconds spent{0};
  auto due = timeout;
  for (const auto& [work, limit] : links.hops) {
    spent += work;
    if (spent >= due) return false;
    due = std::min(due, spent + limit);
  }
  return true;
}

BOOST_AUTO_TEST_SUITE(runtime_deadline_properties)

BOOST_AUTO_TEST_CASE(a_chain_of_requests_never_outlives_its_first_deadline) {
  const bool holds = rc::check("deadlines along a chain", [] {
    const auto times =
        rc::gen::map(rc::gen::inRange(0, 50), [](int n) { return milliseconds{n * 8}; });
    const auto links = std::make_shared<chain>();
    const auto length = *rc::gen::inRange<std::size_t>(1, 9);
    for (std::size_t i = 0; i < length; ++i)
      links->hops.push_back({*times, *times + milliseconds{8}});
    const milliseconds timeout = *times + milliseconds{8};
    stage stage;
    stage.add(hop_agent(stage, links));
    const auto deadline = stage.clock().wall_now() + timeout;
    answers got;
    stage.ask(got, {"hop", "0"}, "x", {.timeout = timeout});
    stage.advance(timeout + runtime::defaults::timer_step);

    RC_ASSERT(got.all.size() == 1U);
    if (in_time(*links, timeout))
      RC_ASSERT(got.text_at(0) == "the end of the chain");
    else
      RC_ASSERT(!got.all[0]);
    RC_ASSERT(links->told.at(0).deadline == deadline);
    for (const auto& [i, told] : links->told) {
      RC_ASSERT(told.at <= told.deadline);
      if (i == 0) continue;
      RC_ASSERT(told.deadline <= links->told.at(i - 1).deadline);
      RC_ASSERT(told.deadline <= told.at + links->hops[i - 1].limit);
    }
    RC_ASSERT(stage.system().metrics().in_flight == 0U);
  });
  BOOST_TEST(holds);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
