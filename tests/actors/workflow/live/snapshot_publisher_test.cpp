#include "actors/workflow/live/snapshot_publisher.hpp"

#include "actors/workflow/errors.hpp"
#include "actors/workflow/live/snapshot_codec.hpp"
#include "tests/actors/workflow/live/snapshots.hpp"
#include "tests/support/results.hpp"

#include <boost/test/unit_test.hpp>
#include <condition_variable>
#include <mutex>
#include <unistd.h>
#include <vector>

using namespace troupe;
using namespace troupe::test;
using namespace troupe::workflow;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(workflow_snapshot_publisher)

namespace {

/// What was posted, for both threads.
struct posted_log {
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<node_snapshot> posts;
  std::vector<std::string> removed;
  std::size_t looks = 0, refusals = 0, complaints = 0;

  template <class Condition>
  void wait_for(const Condition& met, const char* what) {
    std::unique_lock held{mutex};
    BOOST_REQUIRE_MESSAGE(changed.wait_for(held, 30s, met), "waited for " << what);
  }
  template <class Change>
  void note(const Change& change) {
    {
      const std::lock_guard held{mutex};
      change();
    }
    changed.notify_all();
  }
};

class logging_board final : public snapshot_board {
public:
  explicit logging_board(posted_log& log) : log_(log) {}
  result<void> post(const std::string&, std::string_view bytes) override {
    bool refused = false;
    log_.note([&] {
      refused = log_.refusals > 0;
      if (refused)
        --log_.refusals;
      else
        log_.posts.push_back(must(decode_snapshot(bytes)));
    });
    if (refused) return fail(workflow_errc::store_full, "the disk of this test is full");
    return {};
  }
  void remove(const std::string& owner) noexcept override {
    log_.note([&] { log_.removed.push_back(owner); });
  }
  result<board_content> read() override { return board_content{}; }

private:
  posted_log& log_;
};

publisher_options often(posted_log& log, std::function<result<node_snapshot>()> look,
                        std::chrono::milliseconds repeat) {
  publisher_options made;
  made.interval = 1ms;
  made.repeat = repeat;
  made.look = [&log, look = std::move(look)] {
    log.note([&] { ++log.looks; });
    return look();
  };
  made.board = std::make_unique<logging_board>(log);
  made.failed = [&log](const error&) { log.note([&] { ++log.complaints; }); };
  return made;
}

} // namespace

BOOST_AUTO_TEST_CASE(what_does_not_change_is_posted_once_and_taken_away_at_the_end) {
  posted_log log;
  auto look = [taken = 0]() mutable -> result<node_snapshot> {
    node_snapshot made = snapshot_of("one");
    made.taken += std::chrono::seconds{++taken};
    return made;
  };
  {
    const snapshot_publisher posting{often(log, look, 1h)};
    log.wait_for([&] { return log.looks >= 5; }, "five looks");
  }
  BOOST_REQUIRE(log.posts.size() == 1u);
  BOOST_TEST(log.posts[0].process == getpid());
  BOOST_TEST(!log.posts[0].host.empty());
  BOOST_TEST(log.removed == std::vector<std::string>{"one"}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(what_changes_is_posted_again) {
  posted_log log;
  auto look = [runs = std::size_t{0}]() mutable -> result<node_snapshot> {
    node_snapshot made = snapshot_of("one");
    made.runs = ++runs;
    return made;
  };
  const snapshot_publisher posting{often(log, look, 1h)};
  log.wait_for([&] { return log.posts.size() >= 3; }, "three posts");
}

BOOST_AUTO_TEST_CASE(it_says_that_the_engine_is_there_also_where_nothing_changes) {
  posted_log log;
  const snapshot_publisher posting{often(
      log, [] { return result<node_snapshot>{snapshot_of("one")}; }, 2ms)};
  log.wait_for([&] { return log.posts.size() >= 3; }, "three posts");
}

BOOST_AUTO_TEST_CASE(a_place_that_fails_is_complained_of_once_and_tried_again) {
  posted_log log;
  log.refusals = 3;
  const snapshot_publisher posting{often(
      log, [] { return result<node_snapshot>{snapshot_of("one")}; }, 1ms)};
  log.wait_for([&] { return !log.posts.empty(); }, "a post");
  const std::lock_guard held{log.mutex};
  BOOST_TEST(log.complaints == 1u);
}

BOOST_AUTO_TEST_CASE(an_engine_that_has_stopped_is_asked_no_more) {
  posted_log log;
  {
    const snapshot_publisher posting{often(
        log, []() -> result<node_snapshot> { return fail(workflow_errc::engine_stopped, ""); },
        1h)};
    log.wait_for([&] { return log.looks == 1; }, "a look");
  }
  BOOST_TEST(log.looks == 1u);
  BOOST_TEST(log.removed.empty()); // nothing was posted
}

BOOST_AUTO_TEST_SUITE_END()
