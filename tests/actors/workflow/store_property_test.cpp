#include "tests/actors/workflow/store_conformance.hpp"
#include "tests/actors/workflow/store_place.hpp"

#include <algorithm>
#include <array>
#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <map>
#include <rapidcheck.h>

using namespace troupe;
using namespace troupe::test;

BOOST_AUTO_TEST_SUITE(workflow_store_property)

namespace {

using clock = std::chrono::system_clock;

/// What somebody does to a store; numbers beyond what there is are taken modulo.
enum class deed {
  append,
  append_group,
  append_stale,
  close,
  claim,
  release,
  signal,
  drop_signals,
  renew,
  wait,
  crash,
  reopen,
};

struct operation {
  deed what = deed::append;
  std::size_t owner = 0;
  std::size_t run = 0;
  std::size_t amount = 0;
};

std::ostream& operator<<(std::ostream& out, const operation& shown) {
  return out << "{deed " << static_cast<int>(shown.what) << ", owner " << shown.owner << ", run "
             << shown.run << ", amount " << shown.amount << "}";
}

rc::Gen<operation> any_operation() {
  return rc::gen::build<operation>(
      rc::gen::set(&operation::what, rc::gen::map(rc::gen::inRange(0, 12),
                                                  [](int n) { return static_cast<deed>(n); })),
      rc::gen::set(&operation::owner, rc::gen::inRange<std::size_t>(0, 2)),
      rc::gen::set(&operation::run, rc::gen::inRange<std::size_t>(0, 3)),
      rc::gen::set(&operation::amount, rc::gen::inRange<std::size_t>(0, 4)));
}

/// What a store is meant to be, without any disk.
struct model_run {
  std::vector<std::string> events;
  std::uint64_t epoch = 1;
  /// The life of an owner that has it; 0 is nobody.
  std::size_t owner = 0;
  bool closed = false;
};

/// Two owners of one store, one after another doing what they are told, beside the model.
class world {
public:
  explicit world(store_kind kind) : place_(make_place(kind)) {
    for (std::size_t who = 0; who < 2; ++who)
      open(who);
  }

  void carry_out(const operation& wanted) {
    owner_state& who = owners_.at(wanted.owner);
    const std::string run = "run-" + std::to_string(wanted.run);
    if (wanted.what == deed::wait) return now_ += std::chrono::seconds{4 * wanted.amount}, void();
    if (wanted.what == deed::reopen || !who.open) return open(wanted.owner);
    switch (wanted.what) {
    case deed::append:
      return append(who, {make(who, run, wanted.amount)});
    case deed::append_group:
      return append(who, {make(who, run, 1), make(who, "run-3", wanted.amount)});
    case deed::append_stale: {
      append_batch batch = make(who, run, 1);
      (wanted.amount % 2 == 0 ? batch.epoch : batch.expected_version) += 1 + wanted.amount;
      return append(who, {batch});
    }
    case deed::close: {
      append_batch last = make(who, run, wanted.amount);
      last.entry.status = 2;
      last.entry.closed = now_;
      return append(who, {last});
    }
    case deed::claim:
      return claim(who, run);
    case deed::signal:
      return signal(who, run, "signal-" + std::to_string(wanted.amount));
    case deed::drop_signals:
      return drop_signals(who, wanted.amount);
    case deed::release:
      RC_ASSERT(who.open->release(run).has_value());
      if (runs_.contains(run) && runs_[run].owner == who.life) runs_[run].owner = 0;
      return;
    case deed::renew:
      RC_ASSERT(who.open->renew(now_).has_value());
      who.lease_end = now_ + who.open->lease_time();
      return;
    default:
      who.open.reset(); // its runs are free: the kernel says so
    }
  }

  void check() {
    for (owner_state& who : owners_) {
      if (!who.open) open(static_cast<std::size_t>(&who - owners_.data()));
      const auto listed = who.open->list({});
      RC_ASSERT(listed.has_value());
      RC_ASSERT(listed->size() == runs_.size());
      RC_ASSERT(store_conformance::kept_signals(*who.open) == kept_ids());
      for (const run_entry& entry : *listed) {
        const model_run& expected = runs_.at(entry.run_id);
        RC_ASSERT(entry.version == expected.events.size());
        RC_ASSERT(entry.epoch == expected.epoch);
        RC_ASSERT(who.open->read(entry.run_id).value() == expected.events);
      }
    }
  }

private:
  struct owner_state {
    std::unique_ptr<store> open;
    /// Unlike that of every owner before.
    std::size_t life = 0;
    clock::time_point lease_end;
    /// The epochs that it was given.
    std::map<std::string, std::uint64_t> epochs;
  };

  void open(std::size_t which) {
    owner_state& who = owners_.at(which);
    who.open.reset();
    auto opened = place_->open(now_);
    RC_ASSERT(opened.has_value());
    const auto lease_end = now_ + (*opened)->lease_time();
    who = {std::move(*opened), ++lives_, lease_end, {}};
  }

  [[nodiscard]] bool alive(std::size_t life) const {
    return std::any_of(owners_.begin(), owners_.end(), [&](const owner_state& each) {
      return each.open && each.life == life && each.lease_end > now_;
    });
  }

  [[nodiscard]] append_batch make(owner_state& who, const std::string& run, std::size_t count) {
    const auto known = runs_.find(run);
    std::vector<std::string> events;
    for (std::size_t i = 0; i < count; ++i)
      events.push_back("event " + std::to_string(++events_));
    append_batch made = store_conformance::batch(
        run, known == runs_.end() ? 0 : known->second.events.size(), events);
    made.epoch = who.epochs.contains(run) ? who.epochs[run] : 1;
    return made;
  }

  /// The code that a batch must be refused with, by what the model knows; none where it fits.
  [[nodiscard]] workflow_errc judge(const owner_state& who, const append_batch& batch) const {
    const auto run = runs_.find(batch.entry.run_id);
    if (batch.expected_version == 0)
      return run == runs_.end()
                 ? (batch.epoch == 1 ? workflow_errc::none : workflow_errc::ownership_lost)
                 : workflow_errc::run_exists;
    if (run == runs_.end()) return workflow_errc::run_unknown;
    if (run->second.owner != who.life || run->second.epoch != batch.epoch)
      return workflow_errc::ownership_lost;
    return run->second.events.size() == batch.expected_version ? workflow_errc::none
                                                               : workflow_errc::version_conflict;
  }

  void append(owner_state& who, const std::vector<append_batch>& batches) {
    workflow_errc expected = workflow_errc::none;
    for (const append_batch& each : batches)
      if (expected == workflow_errc::none) expected = judge(who, each);
    const auto outcome = who.open->append(batches);
    if (expected != workflow_errc::none) {
      RC_ASSERT(!outcome.has_value());
      RC_ASSERT(outcome.error().code == expected);
      return;
    }
    RC_ASSERT(outcome.has_value());
    for (const append_batch& each : batches) {
      model_run& run = runs_[each.entry.run_id];
      run.owner = who.life;
      run.closed = each.entry.closed != clock::time_point{};
      for (const std::string_view event : each.events)
        run.events.emplace_back(event);
    }
  }

  void claim(owner_state& who, const std::string& run) {
    const auto outcome = who.open->claim(run, now_);
    const auto known = runs_.find(run);
    if (known == runs_.end()) {
      RC_ASSERT(!outcome.has_value());
      RC_ASSERT(outcome.error().code == workflow_errc::run_unknown);
      return;
    }
    model_run& there = known->second;
    if (there.owner != who.life && alive(there.owner)) {
      RC_ASSERT(!outcome.has_value());
      RC_ASSERT(outcome.error().code == workflow_errc::run_owned);
      return;
    }
    if (there.owner != who.life) there = {there.events, there.epoch + 1, who.life, there.closed};
    RC_ASSERT(outcome.has_value());
    RC_ASSERT(*outcome == there.epoch);
    who.epochs[run] = there.epoch;
  }

  void signal(owner_state& who, const std::string& run, const std::string& id) {
    const auto outcome = who.open->request_signal({id, run, "n", "of " + run}, now_);
    const auto known = runs_.find(run);
    const workflow_errc expected = known == runs_.end()   ? workflow_errc::run_unknown
                                   : known->second.closed ? workflow_errc::run_closed
                                                          : workflow_errc::none;
    RC_ASSERT(outcome.has_value() == (expected == workflow_errc::none));
    if (!outcome) return RC_ASSERT(outcome.error().code == expected), void();
    std::erase_if(signals_, [&](const auto& each) { return runs_.at(each.second).closed; });
    const auto ids = kept_ids();
    if (std::find(ids.begin(), ids.end(), id) == ids.end()) signals_.emplace_back(id, run);
  }

  void drop_signals(owner_state& who, std::size_t amount) {
    auto ids = kept_ids();
    ids.resize(std::min(ids.size(), amount));
    ids.emplace_back("signal-3");
    RC_ASSERT(who.open->drop_signals(ids).has_value());
    std::erase_if(signals_, [&](const auto& each) {
      return std::find(ids.begin(), ids.end(), each.first) != ids.end();
    });
  }

  [[nodiscard]] std::vector<std::string> kept_ids() const {
    std::vector<std::string> ids;
    for (const auto& [id, run] : signals_)
      ids.push_back(id);
    return ids;
  }

  std::unique_ptr<store_place> place_; // outlives the owners
  clock::time_point now_{std::chrono::seconds{1'800'000'000}};
  std::array<owner_state, 2> owners_;
  std::map<std::string, model_run> runs_;
  /// Ids and their runs, the first one first.
  std::vector<std::pair<std::string, std::string>> signals_;
  std::size_t lives_ = 0, events_ = 0;
};

} // namespace

BOOST_DATA_TEST_CASE(a_store_is_what_its_model_is, boost::unit_test::data::make(store_kinds),
                     kind) {
  BOOST_TEST(rc::check("two owners of a store, as the model says", [kind] {
    const auto operations = *rc::gen::container<std::vector<operation>>(any_operation());
    world both{kind};
    for (const operation& each : operations)
      both.carry_out(each);
    both.check();
  }));
}

BOOST_AUTO_TEST_SUITE_END()
