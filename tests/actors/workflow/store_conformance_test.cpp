#include "actors/workflow/committer.hpp"
#include "tests/actors/workflow/store_conformance.hpp"
#include "tests/actors/workflow/store_place.hpp"
#include "tests/support/results.hpp"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <csignal>
#include <future>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace troupe;
using namespace troupe::test;

/// What every store must do, on each that there is.
BOOST_AUTO_TEST_SUITE(workflow_store_conformance)

namespace {

namespace data = boost::unit_test::data;

/// A process that opens a store and does something with it, then waits until it is killed.
class other_process {
public:
  template <class Deed>
  explicit other_process(const Deed& deed) {
    int ready[2];
    BOOST_REQUIRE(pipe(ready) == 0);
    child_ = fork();
    if (child_ == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      (void)!write(ready[1], deed() ? "y" : "n", 1);
      pause();
      _exit(0);
    }
    char good = 'n';
    const bool told = ::read(ready[0], &good, 1) == 1;
    close(ready[0]);
    close(ready[1]);
    if (!told || good != 'y') end();
    BOOST_REQUIRE(child_ > 0);
  }
  ~other_process() { end(); }
  other_process(const other_process&) = delete;
  other_process& operator=(const other_process&) = delete;
  void end() {
    if (child_ <= 0) return;
    kill(child_, SIGKILL);
    waitpid(std::exchange(child_, -1), nullptr, 0);
  }

private:
  pid_t child_ = -1;
};

} // namespace

BOOST_DATA_TEST_CASE(conforms, data::make(store_kinds) * data::make({false, true}), kind,
                     shareable) {
  const auto place = make_place(kind);
  store_conformance suite;
  suite.open = [&](store_conformance::clock::time_point now) {
    auto opened = must(place->open(now));
    return shareable ? make_shareable(std::move(opened)) : std::move(opened);
  };
  suite.run_all();
}

BOOST_DATA_TEST_CASE(signals_of_a_run_are_bounded, data::make(store_kinds), kind) {
  const auto place = make_place(kind);
  store_conformance suite;
  suite.open = [&](store_conformance::clock::time_point now) { return must(place->open(now)); };
  suite.too_many_signals();
}

BOOST_DATA_TEST_CASE(processes_share_a_store_but_no_run, data::make(store_kinds), kind) {
  const auto place = make_place(kind);
  std::unique_ptr<store> theirs;
  other_process other{[&] {
    auto opened = place->open();
    if (!opened) return false;
    theirs = std::move(*opened);
    return store_conformance::append(*theirs, store_conformance::batch("theirs", 0, {"1"}))
        .has_value();
  }};
  auto ours = must(place->open());
  const auto now = std::chrono::system_clock::now();
  store_conformance::check_refused(ours->claim("theirs", now), workflow_errc::run_owned);
  other.end();
  // At once: the system says that its owner is dead. A server hears of it a moment later than the kernel.
  const auto last = std::chrono::steady_clock::now() + std::chrono::seconds{5};
  auto claimed = ours->claim("theirs", now);
  while (!claimed && std::chrono::steady_clock::now() < last)
    claimed = ours->claim("theirs", now);
  BOOST_TEST(claimed.has_value(), "the owner died and its run cannot be claimed");
}

BOOST_DATA_TEST_CASE(what_a_killed_process_was_promised_stays, data::make(store_kinds), kind) {
  const auto place = make_place(kind);
  std::unique_ptr<store> theirs;
  const auto now = std::chrono::system_clock::now();
  other_process other{[&] {
    auto opened = place->open();
    if (!opened) return false;
    theirs = std::move(*opened);
    return store_conformance::append(*theirs, store_conformance::batch("run", 0, {"1", "2"})) &&
           theirs->request_signal({"theirs", "run", "approve", "any"}, now) &&
           theirs->request_cancel({"run", "why"}, now);
  }};
  other.end();
  auto ours = must(place->open());
  BOOST_TEST(must(ours->read("run")).size() == 2u);
  BOOST_TEST((store_conformance::kept_signals(*ours) == std::vector<std::string>{"theirs"}));
  BOOST_TEST(must(ours->cancel_requests()).size() == 1u);
}

BOOST_DATA_TEST_CASE(many_open_at_once, data::make(store_kinds), kind) {
  const auto place = make_place(kind);
  std::vector<std::future<std::string>> complaints;
  complaints.reserve(8);
  for (int i = 0; i < 8; ++i)
    complaints.push_back(std::async(std::launch::async, [&, i]() -> std::string {
      const auto opened = place->open();
      if (!opened) return opened.error().message();
      const auto batch = store_conformance::batch("r" + std::to_string(i), 0, {"1"});
      const auto appended = store_conformance::append(**opened, batch);
      return appended ? "" : appended.error().message();
    }));
  for (auto& each : complaints)
    BOOST_TEST(each.get() == "");
  BOOST_TEST(must(must(place->open())->list({})).size() == 8u);
}

/// Many want the runs that a dead owner left behind: each run goes to one of them.
BOOST_DATA_TEST_CASE(a_run_is_claimed_by_one_of_many, data::make(store_kinds), kind) {
  constexpr int runs = 12;
  const auto now = store_place::clock::now();
  const auto place = make_place(kind);
  {
    auto gone = must(place->open());
    for (int i = 0; i < runs; ++i)
      must(store_conformance::append(*gone,
                                     store_conformance::batch("r" + std::to_string(i), 0, {"1"})));
  }
  std::vector<std::unique_ptr<store>> owners;
  for (int i = 0; i < 4; ++i)
    owners.push_back(must(place->open()));
  std::vector<std::future<int>> claims;
  claims.reserve(owners.size());
  for (const auto& each : owners)
    claims.push_back(std::async(std::launch::async, [&, mine = each.get()] {
      int won = 0;
      for (int i = 0; i < runs; ++i) {
        const auto epoch = mine->claim("r" + std::to_string(i), now);
        if (!epoch && epoch.error().code != workflow_errc::run_owned) return -1'000;
        won += epoch && *epoch == 2;
      }
      return won;
    }));
  int won = 0;
  for (auto& each : claims)
    won += each.get();
  BOOST_TEST(won == runs);
}

/// A group of many runs, each of which may be in it twice.
BOOST_DATA_TEST_CASE(a_large_group_is_one_commit, data::make(store_kinds), kind) {
  const auto place = make_place(kind);
  auto one = must(place->open());
  std::vector<append_batch> group;
  for (int i = 0; i < 64; ++i) {
    const std::string run = "r" + std::to_string(i);
    group.push_back(store_conformance::batch(run, 0, {"1", "2"}));
    group.push_back(store_conformance::batch(run, 2, {"3"}));
  }
  must(one->append(group));
  for (append_batch& each : group)
    each.expected_version += 3;
  must(one->append(group));
  BOOST_TEST(must(one->list({})).size() == 64u);
  const std::vector<std::string> expected{"1", "2", "3", "1", "2", "3"};
  for (int i = 0; i < 64; ++i)
    BOOST_TEST((must(one->read("r" + std::to_string(i))) == expected));
  group.back().expected_version = 5;
  store_conformance::check_refused(one->append(group), workflow_errc::version_conflict);
  BOOST_TEST((must(one->read("r0")) == expected)); // all or nothing
}

/// The first batch that does not fit is named, whatever the later ones are.
BOOST_DATA_TEST_CASE(the_first_misfit_of_a_group_counts, data::make(store_kinds), kind) {
  using conformance = store_conformance;
  const auto place = make_place(kind);
  auto one = must(place->open());
  must(conformance::append(*one, conformance::batch("there", 0, {"1"})));
  const auto fits = conformance::batch("there", 1, {"2"});
  const auto exists = conformance::batch("there", 0, {"1"});
  const auto unknown = conformance::batch("nowhere", 4, {"5"});
  const auto late = conformance::batch("there", 7, {"8"});
  const auto fenced = conformance::under(3, fits);
  const auto new_fenced = conformance::under(2, conformance::batch("new", 0, {"1"}));
  const std::vector<std::pair<std::vector<append_batch>, workflow_errc>> cases{
      {{exists, unknown}, workflow_errc::run_exists},
      {{fits, unknown, exists}, workflow_errc::run_unknown},
      {{late, fenced}, workflow_errc::version_conflict},
      {{fenced, late}, workflow_errc::ownership_lost},
      {{new_fenced, exists}, workflow_errc::ownership_lost},
      {{fits, fits}, workflow_errc::version_conflict},
      {{exists, new_fenced}, workflow_errc::run_exists}};
  for (const auto& [group, expected] : cases)
    BOOST_TEST_CONTEXT("case " << (&group - &cases[0].first)) {
      conformance::check_refused(one->append(group), expected);
      BOOST_TEST(must(one->read("there")).size() == 1u);
    }
  must(conformance::append(*one, fits));
}

BOOST_AUTO_TEST_SUITE_END()
