// The line against a slow one that looks at everybody.
#include "actors/scheduling/resources/waiting_line.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <rapidcheck.h>
#include <vector>

using namespace troupe::scheduling;

BOOST_AUTO_TEST_SUITE(scheduling_line_properties)

namespace {

using key = waiting_line::key;

resource_vector random_demand() {
  resource_vector made;
  made.milli_cpu = 1'000 * static_cast<std::uint64_t>(*rc::gen::inRange(0, 4));
  made.gpu = static_cast<std::uint64_t>(*rc::gen::inRange(0, 3)) / 2;
  return made;
}

struct waiting {
  key who;
  resource_vector demand;
  waiting_line::place where;
};

/// The same rules, said once more.
struct slow_line {
  std::vector<waiting> all;
  std::map<std::uint64_t, double> turns;
  std::map<std::uint64_t, std::uint32_t> grants;

  [[nodiscard]] std::vector<waiting> in_order() const {
    auto made = all;
    const auto rank = [&](const waiting& of) {
      return std::tuple{turns.contains(of.where.tenant) ? turns.at(of.where.tenant) : 0.0,
                        of.where.tenant,
                        !is_longest(of),
                        of.who.first,
                        of.where.order,
                        of.where.workflow,
                        -of.where.rank,
                        of.who.second};
    };
    std::sort(made.begin(), made.end(),
              [&](const waiting& a, const waiting& b) { return rank(a) < rank(b); });
    return made;
  }
  [[nodiscard]] bool is_longest(const waiting& of) const {
    const auto had = grants.find(of.where.tenant);
    if (had == grants.end() || had->second + 1 < waiting_line::patience) return false;
    return std::ranges::none_of(all, [&](const waiting& other) {
      return other.where.tenant == of.where.tenant && other.who.second < of.who.second;
    });
  }
  [[nodiscard]] std::optional<key> next(const resource_vector& free) const {
    const resource_vector* first = nullptr;
    const auto order = in_order();
    for (const waiting& each : order) {
      if (!fits(each.demand, free)) {
        if (!first) first = &each.demand;
      } else if (!first || !delays(each.demand, *first, free)) {
        return each.who;
      }
    }
    return std::nullopt;
  }
  void count_grant(key who) {
    const auto of = std::ranges::find(all, who, &waiting::who)->where.tenant;
    const bool longest = std::ranges::none_of(all, [&](const waiting& other) {
      return other.where.tenant == of && other.who.second < who.second;
    });
    grants[of] = longest ? 0 : grants[of] + 1;
  }
  void remove(key who) {
    const auto found = std::ranges::find(all, who, &waiting::who);
    const auto of = found->where.tenant;
    all.erase(found);
    if (std::ranges::find(all, of, [](const waiting& each) { return each.where.tenant; }) ==
        all.end()) {
      grants.erase(of); // it begins anew
      turns.erase(of);
    }
  }
};

} // namespace

BOOST_AUTO_TEST_CASE(goes_as_one_that_looks_at_everybody) {
  BOOST_TEST(rc::check([] {
    waiting_line line;
    slow_line slow;
    std::uint64_t number = 0;
    std::map<std::uint64_t, double> orders;
    for (int i = 0; i < 200; ++i) {
      const auto free = random_demand();
      const auto workflow = static_cast<std::uint64_t>(*rc::gen::inRange(1, 6));
      switch (*rc::gen::inRange(0, 6)) {
      case 0:
        orders[workflow] = *rc::gen::inRange(0, 9);
        line.reorder(workflow, orders[workflow]);
        for (waiting& each : slow.all)
          if (each.where.workflow == workflow) each.where.order = orders[workflow];
        break;
      case 1: {
        const auto tenant = workflow % 3;
        const double turn = *rc::gen::inRange(0, 5);
        line.set_turn(tenant, turn);
        if (std::ranges::any_of(slow.all,
                                [&](const waiting& of) { return of.where.tenant == tenant; }))
          slow.turns[tenant] = turn;
        break;
      }
      case 2:
        if (const auto next = slow.next(free)) {
          line.count_grant(*next);
          slow.count_grant(*next);
          RC_ASSERT(line.remove(*next));
          slow.remove(*next);
        }
        break;
      default: {
        waiting made{{*rc::gen::inRange(-2, 3), ++number}, random_demand(), {}};
        // A workflow is of one tenant.
        made.where = {workflow % 3, workflow, orders[workflow],
                      static_cast<double>(*rc::gen::inRange(0, 4))};
        line.add(made.who, made.demand, made.where);
        slow.all.push_back(made);
      }
      }
      RC_ASSERT(line.size() == slow.all.size());
      RC_ASSERT(line.next(free) == slow.next(free));
    }
  }));
}

BOOST_AUTO_TEST_SUITE_END()
