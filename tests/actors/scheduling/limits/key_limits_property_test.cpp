// Limits by key hold whatever happens, and nobody waits for ever.
#include "actors/scheduling/limits/key_limits.hpp"

#include <boost/test/unit_test.hpp>
#include <rapidcheck.h>

#include <algorithm>
#include <deque>

using namespace troupe::scheduling;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(scheduling_key_limits_properties)

namespace {

using time_point = key_limits::time_point;
using who = key_limits::who;

/// What each key allows: the same for all who name it.
const std::vector<key_limit> known{
    {"a", 1, {}, 1}, {"b", 3, {}, 1}, {"c", 0, 100ms, 1}, {"d", 0, 70ms, 4}, {"e", 2, 50ms, 2}};

/// Plays a node with random arrivals, starts, ends and departures, and looks what comes of it.
struct limits_model {
  key_limits limits;
  time_point now{std::chrono::hours{24 * 365 * 50}};
  std::uint64_t last = 0;
  std::map<who, std::vector<key_limit>> waiting;
  std::set<who> admitted;
  std::map<key_limits::hold_id, std::vector<key_limit>> held;
  std::map<std::string, std::vector<time_point>> starts;

  void arrive() {
    std::vector<key_limit> wanted;
    for (const key_limit& each : known)
      if (*rc::gen::inRange(0, 3) == 0) wanted.push_back(each);
    if (wanted.empty()) wanted.push_back(known.front());
    const who fresh{-*rc::gen::inRange(0, 3), ++last};
    RC_ASSERT(limits.add(fresh, wanted, now));
    waiting.emplace(fresh, std::move(wanted));
  }
  void look() {
    const auto changed = limits.update(now);
    for (const who& each : changed.displaced)
      RC_ASSERT(admitted.erase(each) == 1u);
    for (const who& each : changed.admitted) {
      RC_ASSERT(waiting.contains(each));
      RC_ASSERT(admitted.insert(each).second);
    }
  }
  void start(who chosen) {
    const auto found = waiting.find(chosen);
    for (const key_limit& each : found->second) {
      // Nobody before it in order waits for this key.
      for (const auto& [other, wanted] : waiting)
        RC_ASSERT(other >= chosen ||
                  std::ranges::find(wanted, each.key, &key_limit::key) == wanted.end());
      starts[each.key].push_back(now);
    }
    const auto hold = limits.grant(chosen, now);
    RC_ASSERT(hold != 0u);
    held.emplace(hold, found->second);
    waiting.erase(found);
    admitted.erase(chosen);
    check_bounds();
  }
  void check_bounds() const {
    for (const key_limit& each : known) {
      std::uint32_t holders = 0;
      for (const auto& [hold, keys] : held)
        holders += std::ranges::find(keys, each.key, &key_limit::key) != keys.end() ? 1 : 0;
      RC_ASSERT(each.concurrency == 0 || holders <= each.concurrency);
      check_rate(each);
    }
  }
  /// Of any starts in a row there are no more than the bucket gives in their time.
  void check_rate(const key_limit& of) const {
    const auto found = starts.find(of.key);
    if (of.interval.count() == 0 || found == starts.end()) return;
    const auto& times = found->second;
    for (std::size_t from = 0; from < times.size(); ++from) {
      const auto count = static_cast<std::int64_t>(times.size() - from);
      RC_ASSERT(count <= of.burst + (times.back() - times[from]) / of.interval);
    }
  }
  void end_one() {
    if (held.empty()) return;
    auto which =
        std::next(held.begin(),
                  *rc::gen::inRange<std::ptrdiff_t>(0, static_cast<std::ptrdiff_t>(held.size())));
    RC_ASSERT(limits.release(which->first));
    held.erase(which);
  }
  void leave() {
    if (waiting.empty()) return;
    auto which = std::next(waiting.begin(), *rc::gen::inRange<std::ptrdiff_t>(
                                                0, static_cast<std::ptrdiff_t>(waiting.size())));
    RC_ASSERT(limits.remove(which->first));
    admitted.erase(which->first);
    waiting.erase(which);
  }
  void start_some() {
    look();
    if (!admitted.empty())
      start(*rc::gen::elementOf(std::vector(admitted.begin(), admitted.end())));
    look();
  }
  /// Those who are first of all go, as long as those at work end.
  void drain() {
    for (int i = 0; !waiting.empty(); ++i) {
      RC_ASSERT(i < 10'000);
      look();
      if (!admitted.empty()) {
        start(*admitted.begin());
      } else if (!held.empty()) {
        end_one();
      } else {
        RC_ASSERT(limits.next_wake().has_value()); // else they would wait for ever
        RC_ASSERT(*limits.next_wake() > now);
        now = *limits.next_wake();
      }
    }
  }
};

} // namespace

BOOST_AUTO_TEST_CASE(limits_hold_in_order_and_nobody_starves) {
  BOOST_TEST(rc::check("bounds hold, queues are in order, all go, and nothing is left", [] {
    limits_model model;
    const int events = *rc::gen::inRange(1, 120);
    for (int i = 0; i < events; ++i) {
      switch (*rc::gen::inRange(0, 6)) {
      case 0:
      case 1:
        model.arrive();
        break;
      case 2:
        model.end_one();
        break;
      case 3:
        model.now += std::chrono::milliseconds{*rc::gen::inRange(0, 200)};
        break;
      case 4:
        if (*rc::gen::inRange(0, 3) == 0) model.leave();
        break;
      default:
        model.start_some();
      }
    }
    model.drain();
    while (!model.held.empty())
      model.end_one();
    RC_ASSERT(model.limits.holds() == 0u);
    model.limits.forget_idle(model.now + 1s);
    RC_ASSERT(model.limits.keys() == 0u);
  }));
}

BOOST_AUTO_TEST_SUITE_END()
