// Never oversubscribed, never leaked, nobody starved, whatever the order in which things are asked for and given back.
#include "actors/scheduling/resources/ledger.hpp"
#include "actors/scheduling/resources/resource_text.hpp"
#include "actors/scheduling/resources/waiting_line.hpp"

#include <boost/test/unit_test.hpp>
#include <rapidcheck.h>
#include <set>

using namespace troupe::scheduling;

BOOST_AUTO_TEST_SUITE(resource_ledger_property)

namespace {

const std::vector<std::string> names{"cpu", "gpu", "memory", "gpu_memory", "license", "x/y"};

/// Small numbers, so that what is demanded often just fits or just does not.
rc::Gen<resource_vector> any_demand(std::uint64_t most) {
  return rc::gen::map(rc::gen::container<std::vector<std::uint64_t>>(
                          names.size(), rc::gen::weightedOneOf<std::uint64_t>(
                                            {{2, rc::gen::just(std::uint64_t{0})},
                                             {1, rc::gen::inRange<std::uint64_t>(0, most + 1)}})),
                      [](const std::vector<std::uint64_t>& amounts) {
                        resource_vector made;
                        for (std::size_t i = 0; i < names.size(); ++i)
                          set_amount(made, names[i], amounts[i]);
                        return made;
                      });
}

resource_vector total(const ledger& of) {
  resource_vector made;
  for (const auto& [id, given] : of.grants()) {
    const auto more = sum(made, given.demand);
    RC_ASSERT(more.has_value());
    made = *more;
  }
  return made;
}

void check_books(const ledger& of) {
  const auto both = sum(of.free(), total(of));
  RC_ASSERT(both.has_value());
  RC_ASSERT(*both == of.capacity());
}

/// Who waits and who works, driven as an engine does it.
class node {
public:
  explicit node(resource_vector capacity) : books_(std::move(capacity)) {}

  void arrive(std::int32_t priority, const resource_vector& demand) {
    if (never_enough(books_, demand).empty()) line_.add({-priority, ++last_}, demand);
    start();
  }
  void leave(std::size_t which) {
    if (working_.empty()) return;
    auto gone = std::next(working_.begin(), static_cast<std::ptrdiff_t>(which % working_.size()));
    RC_ASSERT(books_.release(gone->first));
    RC_ASSERT(!books_.release(gone->first));
    working_.erase(gone);
    start();
  }
  /// Cancelled or timed out before it began.
  void give_up(std::uint64_t number) {
    for (std::int32_t priority = -2; priority <= 2; ++priority)
      if (line_.remove({priority, number})) break;
    start();
  }
  [[nodiscard]] bool idle() const { return working_.empty(); }
  [[nodiscard]] std::size_t waiting() const { return line_.size(); }
  [[nodiscard]] const ledger& books() const { return books_; }

private:
  void start() {
    while (const auto next = line_.next(books_.free())) {
      const auto given = books_.try_grant(*line_.demand_of(*next), std::to_string(next->second));
      RC_ASSERT(given.has_value());
      RC_ASSERT(line_.remove(*next));
      working_.emplace(*given, *next);
      check_nobody_is_delayed(*next);
    }
    check_books(books_);
    remember_first();
  }
  /// The first of the line would have started at the same moment without who goes past it.
  void check_nobody_is_delayed(waiting_line::key went) const {
    const auto first = line_.reserved_for(books_.free());
    if (!first || *first > went || first != first_) return;
    // What is there when those are done who were at work when it came to the front, or go before it by their priority.
    resource_vector later = books_.capacity();
    for (const auto& [id, who] : working_)
      if (!before_first_.contains(id) && who > *first)
        later = *difference(later, books_.grants().at(id).demand);
    RC_ASSERT(fits(*line_.demand_of(*first), later));
  }
  void remember_first() {
    const auto first = line_.reserved_for(books_.free());
    if (first == first_) return;
    first_ = first;
    before_first_.clear();
    for (const auto& [id, who] : working_)
      before_first_.insert(id);
  }

  ledger books_;
  waiting_line line_;
  std::map<ledger::grant_id, waiting_line::key> working_;
  std::uint64_t last_ = 0;
  std::optional<waiting_line::key> first_;
  std::set<ledger::grant_id> before_first_;
};

} // namespace

BOOST_AUTO_TEST_CASE(grants_and_what_is_free_add_up) {
  BOOST_TEST(rc::check("the books are balanced", [] {
    ledger books{*any_demand(20)};
    std::vector<ledger::grant_id> given;
    const auto operations = *rc::gen::container<std::vector<std::pair<bool, std::uint32_t>>>(
        rc::gen::pair(rc::gen::arbitrary<bool>(), rc::gen::inRange<std::uint32_t>(0, 100)));
    for (const auto& [asks, which] : operations) {
      if (asks) {
        const auto demand = *any_demand(8);
        const bool there = fits(demand, books.free());
        const auto before = books.free();
        const auto grant = books.try_grant(demand, "x");
        RC_ASSERT(grant.has_value() == there);
        if (grant) given.push_back(*grant);
        if (!grant) RC_ASSERT(books.free() == before);
      } else if (!given.empty()) {
        const auto at = given.begin() + static_cast<std::ptrdiff_t>(which % given.size());
        RC_ASSERT(books.release(*at));
        RC_ASSERT(!books.release(*at));
        given.erase(at);
      }
      check_books(books);
      RC_ASSERT(books.grants().size() == given.size());
    }
    for (const auto id : given)
      RC_ASSERT(books.release(id));
    RC_ASSERT(books.free() == books.capacity());
  }));
}

BOOST_AUTO_TEST_CASE(nothing_is_lost_and_nobody_starved) {
  BOOST_TEST(rc::check("a node is balanced and fair", [] {
    node one{*any_demand(12)};
    const auto operations =
        *rc::gen::container<std::vector<std::pair<std::uint32_t, std::uint32_t>>>(rc::gen::pair(
            rc::gen::inRange<std::uint32_t>(0, 4), rc::gen::inRange<std::uint32_t>(0, 100)));
    std::uint64_t arrived = 0;
    for (const auto& [what, which] : operations) {
      if (what < 2) {
        one.arrive(static_cast<std::int32_t>(which % 3), *any_demand(12));
        ++arrived;
      } else if (what == 2) {
        one.leave(which);
      } else {
        one.give_up(which % (arrived + 1));
      }
      RC_ASSERT(one.waiting() == 0 || !one.idle()); // somebody is at work while somebody waits
    }
    while (!one.idle())
      one.leave(0);
    RC_ASSERT(one.waiting() == 0u); // everybody's turn came
    RC_ASSERT(one.books().free() == one.books().capacity());
  }));
}

BOOST_AUTO_TEST_CASE(texts_come_back_as_they_were) {
  BOOST_TEST(rc::check("what is written is read again", [] {
    resource_vector wanted;
    for (const auto& name : names)
      set_amount(wanted, name, *rc::gen::inRange<std::uint64_t>(0, most_resource_amount / 2));
    if (wanted.empty()) return;
    const auto parsed = parse_resources(format_resources(wanted));
    RC_ASSERT(parsed.has_value());
    RC_ASSERT(make_resources(*parsed).value() == wanted);
  }));
  BOOST_TEST(rc::check("no text does harm", [](const std::string& text) {
    for (const auto& name : names)
      if (const auto amount = parse_amount(name, text)) RC_ASSERT(*amount <= most_resource_amount);
    (void)parse_resources(text);
  }));
}

BOOST_AUTO_TEST_SUITE_END()
