#include "actors/workflow/retention.hpp"

#include "tests/actors/workflow/store_conformance.hpp"
#include "tests/actors/workflow/store_filling.hpp"

#include <atomic>
#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>

using namespace troupe;
using namespace troupe::test;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(workflow_retention)

namespace {

namespace data = boost::unit_test::data;
using ids = std::vector<std::string>;

/// Runs that were closed 100, 200, ... seconds after the others began, and one that is open.
std::unique_ptr<store> fill(const store_place& place, int runs) {
  auto into = must(place.open(at(0)));
  for (int i = 1; i <= runs; ++i) {
    append_batch made = small_run("run" + std::to_string(i), 4, 0);
    made.entry.closed = at(100 * i);
    made.entry.status = v1::RUN_STATUS_COMPLETED;
    append(*into, made);
  }
  append(*into, small_run("open", 2));
  return into;
}

ids runs_in(const store_place& place) {
  ids made;
  for (const auto& [run, events] : histories_of(place))
    made.push_back(run);
  return made;
}

/// What looks came to, as they come.
class seen_looks {
public:
  void take(const result<pruned_runs>& found) {
    const std::lock_guard lock{mutex_};
    found ? runs_ += found->runs : ++failures_;
    ++looks_;
    changed_.notify_all();
  }
  void wait_for(int looks) {
    std::unique_lock lock{mutex_};
    changed_.wait(lock, [&] { return looks_ >= looks; });
  }
  [[nodiscard]] std::uint64_t runs() {
    const std::lock_guard lock{mutex_};
    return runs_;
  }
  [[nodiscard]] int failures() {
    const std::lock_guard lock{mutex_};
    return failures_;
  }

private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int looks_ = 0, failures_ = 0;
  std::uint64_t runs_ = 0;
};

retention_options looking_at(const store_place& place, seen_looks& seen) {
  retention_options made;
  made.age = 250s;
  made.interval = 1h;
  made.open = [&place] { return place.open_rows(false); };
  made.told = [&seen](const result<pruned_runs>& found) { seen.take(found); };
  made.now = [] { return at(500); };
  return made;
}

} // namespace

BOOST_DATA_TEST_CASE(what_ended_long_ago_goes_while_the_store_is_at_work, data::make(store_kinds),
                     kind) {
  const auto place = make_place(kind);
  const auto at_work = fill(*place, 4);
  seen_looks seen;
  retention keeper{looking_at(*place, seen)};
  BOOST_TEST(keeper.wait_for_look(1min));
  BOOST_TEST(seen.runs() == 2u);
  BOOST_TEST((runs_in(*place) == ids{"open", "run3", "run4"}));
  append(*at_work, small_run("another", 2));
}

BOOST_AUTO_TEST_CASE(it_looks_again_and_again_as_time_goes_on) {
  const sqlite_place place;
  const auto at_work = fill(place, 4);
  std::atomic<int> second = 0;
  seen_looks seen;
  auto options = looking_at(place, seen);
  options.interval = 1ms;
  options.now = [&second] { return at(second); };
  const retention keeper{options};
  seen.wait_for(2);
  BOOST_TEST(seen.runs() == 0u);
  second = 351;
  seen.wait_for(4);
  while (seen.runs() < 1)
    std::this_thread::yield();
  second = 10'000;
  while (seen.runs() < 4)
    std::this_thread::yield();
  BOOST_TEST(seen.failures() == 0);
}

BOOST_AUTO_TEST_CASE(an_archive_gets_what_goes_and_some_stay) {
  const sqlite_place place;
  const temporary_folder folder;
  { const auto filled = fill(place, 4); }
  seen_looks seen;
  auto options = looking_at(place, seen);
  options.archive = folder.path() / "old.archive";
  options.age = 0s;
  options.keep = 3;
  {
    retention keeper{options};
    BOOST_TEST(keeper.wait_for_look(1min));
  }
  BOOST_TEST(seen.runs() == 1u);
  BOOST_TEST((runs_in(place) == ids{"open", "run2", "run3", "run4"}));
  BOOST_TEST(std::filesystem::file_size(*options.archive) > 0u);
}

BOOST_AUTO_TEST_CASE(a_store_that_cannot_be_opened_is_tried_again) {
  const sqlite_place place;
  { const auto filled = fill(place, 4); }
  std::atomic<bool> there = false;
  seen_looks seen;
  auto options = looking_at(place, seen);
  options.interval = 1ms;
  options.open = [&]() -> result<std::unique_ptr<raw_store>> {
    if (there) return place.open_rows(false);
    return fail(workflow_errc::store_unavailable, "gone");
  };
  const retention keeper{options};
  seen.wait_for(3);
  BOOST_TEST(seen.failures() >= 3);
  there = true;
  while (seen.runs() < 2)
    std::this_thread::yield();
}

BOOST_AUTO_TEST_CASE(its_end_does_not_wait_for_the_next_look) {
  const sqlite_place place;
  { const auto filled = fill(place, 1); }
  seen_looks seen;
  auto keeper = std::make_unique<retention>(looking_at(place, seen));
  BOOST_TEST(keeper->wait_for_look(1min));
  keeper.reset(); // an hour is left of its interval: the test's time limit says
}

BOOST_AUTO_TEST_SUITE_END()
