// The rule by which those that wait get a node: nothing is given twice, a demand is whole on one node, and the first of the line
// waits for those at work on one node and for nobody else.
#include "actors/scheduling/placement/placing.hpp"
#include "tests/actors/scheduling/placement/nodes.hpp"

#include <boost/test/unit_test.hpp>
#include <deque>
#include <fmt/format.h>
#include <rapidcheck.h>

using namespace troupe::scheduling;
using namespace troupe::test;

BOOST_AUTO_TEST_SUITE(scheduling_placing_properties)

namespace {

using key = waiting_line::key;

int below(int bound) {
  return *rc::gen::inRange(0, bound);
}

struct running {
  node_number on = 0;
  ledger::grant_id held = 0;
  resource_vector demand;
  std::uint64_t number = 0;
};

/// Nodes, a line, and what a test knows about both.
class world {
public:
  explicit world(bool priorities) : priorities_(priorities) {
    for (int i = 0; i < 1 + below(4); ++i)
      add_node();
  }
  void step() {
    switch (below(10)) {
    case 0:
    case 1:
    case 2:
    case 3:
      return arrive();
    case 4:
    case 5:
    case 6:
      return end_one();
    case 7:
      return change_state();
    case 8:
      if (nodes_.size() < 6) add_node();
      return;
    default:
      if (nodes_.size() > 1) remove_node();
    }
  }
  /// Grants as much as may be granted now.
  void settle() {
    while (const auto next = placing_.next(line_, pool_, describe())) {
      const pool_node& on = *pool_.find(next->on);
      const resource_vector demand = *line_.demand_of(next->who);
      RC_ASSERT(on.is_open());
      RC_ASSERT(fits(demand, on.books.free()));
      RC_ASSERT(pool_.meets(on, line_.need_of(next->who)));
      line_.count_grant(next->who);
      RC_ASSERT(line_.remove(next->who));
      const auto held = pool_.start(next->on, demand, "x", 1, static_cast<double>(++clock_));
      RC_ASSERT((held != 0) == !demand.empty());
      running_.push_back({next->on, held, demand, ++last_running_});
      check();
    }
    note_kept();
    check();
  }
  /// With every node active all that some node could hold starts.
  void finish() {
    for (const auto& [number, each] : nodes_)
      pool_.set_state(number, node_state::active);
    before_.reset();
    settle();
    for (int i = 0; i < 10'000 && !running_.empty(); ++i) {
      end(0);
      settle();
    }
    RC_ASSERT(running_.empty());
    RC_CLASSIFY(was_kept_, "a node was kept");
    while (const auto left = line_.first()) {
      RC_ASSERT(!pool_.could_hold(line_.need_of(*left), *line_.demand_of(*left)));
      line_.remove(*left);
    }
    for (const auto& [number, each] : pool_.nodes())
      RC_ASSERT(each->books.free() == each->books.capacity());
    RC_ASSERT(pool_.free_places() == pool_.places());
  }

private:
  static placing::description describe() {
    return [](key who) {
      placement_request made;
      made.strategy =
          who.second % 2 == 0 ? placement_strategy::best_fit : placement_strategy::least_loaded;
      return made;
    };
  }
  void add_node() {
    auto made = a_node(fmt::format("n{}", ++last_name_),
                       fmt::format("cpu={},gpu={}", 1 + below(6), below(3)),
                       static_cast<std::size_t>(1 + below(4)), fmt::format("c{}", below(2)));
    const auto number = pool_.add(made);
    nodes_[number] = made;
    before_.reset(); // somebody else may be the first now
    settle();
  }
  void remove_node() {
    const auto which = some_node();
    nodes_.erase(which);
    pool_.remove(which);
    std::erase_if(running_, [&](const running& each) { return each.on == which; });
    settle();
  }
  node_number some_node() {
    return std::next(nodes_.begin(), below(static_cast<int>(nodes_.size())))->first;
  }
  void change_state() {
    pool_.set_state(some_node(), static_cast<node_state>(below(3)));
    before_.reset();
    settle();
  }
  void arrive() {
    waiting_line::place where;
    if (below(4) == 0) where.need = pool_.need_of("t", "k", "", fmt::format("c{}", below(3)));
    const auto demand = below(3) == 0
                            ? resource_vector{}
                            : resources_of(fmt::format("cpu={},gpu={}", below(7), below(3)));
    line_.add({priorities_ ? below(3) : 0, ++last_}, demand, where);
    settle();
  }
  void end_one() {
    if (!running_.empty()) end(static_cast<std::size_t>(below(static_cast<int>(running_.size()))));
    settle();
  }
  void end(std::size_t which) {
    const running over = running_.at(which);
    running_.erase(running_.begin() + static_cast<std::ptrdiff_t>(which));
    pool_.finish(over.on, over.held, 1);
  }

  /// What is on each node is what this test has put there, and no more than there is.
  void check() {
    std::size_t free = 0, all = 0;
    for (const auto& [number, each] : nodes_) {
      resource_vector held;
      std::size_t count = 0;
      for (const running& one : running_)
        if (one.on == number) {
          held = sum(held, one.demand).value();
          ++count;
        }
      const pool_node& on = *pool_.find(number);
      RC_ASSERT(fits(held, each.resources));
      RC_ASSERT(sum(held, on.books.free()).value() == each.resources);
      RC_ASSERT(on.in_flight == count);
      if (on.is.state != node_state::active) continue;
      all += each.places;
      free += each.places - count;
    }
    RC_ASSERT(pool_.places() == all);
    RC_ASSERT(pool_.free_places() == free);
    check_kept();
  }

  /// Whoever comes to the front has those at work on its node before it, and nobody else.
  void note_kept() {
    const auto& kept = placing_.kept();
    if (!kept || !line_.demand_of(kept->who)) return before_.reset();
    if (before_ && before_->who == kept->who && before_->on == kept->on) return;
    was_kept_ = true;
    before_ = {kept->who, kept->on, {}};
    for (const running& each : running_)
      if (each.on == kept->on) before_->at_work.insert(each.number);
  }
  void check_kept() {
    if (!before_ || priorities_ || !line_.demand_of(before_->who) || !pool_.find(before_->on))
      return;
    resource_vector later = pool_.find(before_->on)->books.free();
    for (const running& each : running_)
      if (each.on == before_->on && before_->at_work.contains(each.number))
        later = sum(later, each.demand).value();
    RC_ASSERT(fits(*line_.demand_of(before_->who), later));
  }

  struct kept_for {
    key who;
    node_number on = 0;
    std::set<std::uint64_t> at_work;
  };

  bool priorities_;
  node_pool pool_;
  waiting_line line_;
  placing placing_;
  std::map<node_number, node_description> nodes_;
  std::vector<running> running_;
  std::optional<kept_for> before_;
  bool was_kept_ = false;
  std::uint64_t last_ = 0, last_running_ = 0, clock_ = 0;
  int last_name_ = 0;
};

} // namespace

BOOST_AUTO_TEST_CASE(nothing_is_given_twice_and_nobody_is_passed_for_ever) {
  for (const bool priorities : {false, true})
    BOOST_TEST(rc::check(fmt::format("with priorities: {}", priorities), [priorities] {
      world one{priorities};
      for (int i = 0; i < 80; ++i)
        one.step();
      one.finish();
    }));
}

/// A stream of small ones without an end, of which there is always one more on each node than would fit beside a large one.
BOOST_AUTO_TEST_CASE(a_stream_of_small_ones_does_not_starve_a_large_one) {
  node_pool pool;
  for (const char* name : {"a", "b", "c"})
    (void)pool.add(a_node(name, "cpu=4", 100));
  waiting_line line;
  placing rule;
  std::deque<std::pair<node_number, ledger::grant_id>> running;
  std::uint64_t number = 0;
  const auto describe = [](key) { return placement_request{}; };
  const key large{0, 1'000'000};
  bool started = false;
  const auto settle = [&] {
    while (const auto next = rule.next(line, pool, describe)) {
      const auto demand = *line.demand_of(next->who);
      started = started || next->who == large;
      line.remove(next->who);
      running.emplace_back(next->on, pool.start(next->on, demand, "x", 1, 1));
    }
  };
  const auto one_more = [&] { line.add({0, 2'000'000 + ++number}, resources_of("cpu=1")); };
  for (int i = 0; i < 20; ++i)
    one_more();
  settle();
  BOOST_TEST(running.size() == 12u);
  line.add(large, resources_of("cpu=4"));
  int ended = 0;
  for (; !started && ended < 100; ++ended) {
    pool.finish(running.front().first, running.front().second, 1);
    running.pop_front();
    one_more();
    settle();
  }
  BOOST_TEST(started);
  BOOST_TEST(ended <= 12); // those that were at work
}

BOOST_AUTO_TEST_SUITE_END()
