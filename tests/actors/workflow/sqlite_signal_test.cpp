#include "actors/workflow/sqlite_store.hpp"
#include "tests/actors/workflow/store_conformance.hpp"
#include "tests/actors/workflow/store_on_disk.hpp"
#include "tests/support/results.hpp"

using namespace troupe;
using namespace troupe::test;

BOOST_AUTO_TEST_SUITE(workflow_sqlite_signal)

namespace {

using ids = std::vector<std::string>;

struct signal_fixture : store_on_disk {
  const store::time_point now = std::chrono::system_clock::now();

  [[nodiscard]] std::unique_ptr<store> open() const { return must(open_sqlite_store(file)); }
  /// Two open runs, each with a signal.
  void fill() const {
    auto one = open();
    for (const char* run : {"run", "other"}) {
      must(store_conformance::append(*one, store_conformance::batch(run, 0, {"1"})));
      must(one->request_signal({std::string{"to-"} + run, run, "approve", "any"}, now));
    }
  }
};

/// Something that happens to a row, and the one that is named then.
struct damage {
  const char* sql;
  const char* named;
};

const std::vector<damage> damages{
    {"UPDATE signal_requests SET payload = x'00' WHERE number = 1", "signal 'to-run' of run 'run'"},
    {"UPDATE signal_requests SET payload = x'' WHERE number = 2",
     "signal 'to-other' of run 'other'"},
    {"UPDATE signal_requests SET name = 'refuse' WHERE number = 1", "signal 'to-run' of run 'run'"},
    {"UPDATE signal_requests SET run_id = 'other' WHERE number = 1",
     "signal 'to-run' of run 'other'"},
    {"UPDATE signal_requests SET id = 'new' WHERE number = 1", "signal 'new' of run 'run'"},
    {"UPDATE signal_requests SET time_ms = time_ms + 1 WHERE number = 1",
     "signal 'to-run' of run 'run'"},
    {"UPDATE signal_requests SET checksum = x'' WHERE number = 1", "signal 'to-run' of run 'run'"},
    {"UPDATE signal_requests SET number = 3 WHERE number = 1", "signal 'to-run' of run 'run'"},
};

} // namespace

BOOST_FIXTURE_TEST_CASE(signals_are_there_when_the_file_is_opened_again, signal_fixture) {
  fill();
  auto again = open();
  BOOST_TEST((store_conformance::kept_signals(*again) == ids{"to-run", "to-other"}));
  must(again->request_signal({"third", "run", "n", ""}, now));
  must(again->drop_signals(ids{"to-run"}));
  again = open();
  BOOST_TEST((store_conformance::kept_signals(*again) == ids{"to-other", "third"}));
}

BOOST_AUTO_TEST_CASE(a_damaged_signal_is_named_and_can_be_let_go_of) {
  for (const damage& each : damages)
    BOOST_TEST_CONTEXT(each.sql) {
      const signal_fixture damaged;
      damaged.fill();
      damaged.execute(each.sql);
      auto opened = damaged.open();
      const auto kept = opened->signal_requests();
      store_conformance::check_refused(kept, workflow_errc::store_damaged);
      if (!kept)
        BOOST_TEST(kept.error().context.find(std::string{each.named} +
                                             " is not what was written") != std::string::npos,
                   kept.error().context);
      BOOST_TEST(opened->read("run").has_value()); // the runs can still be used
      must(opened->drop_signals(ids{"to-run", "new", "to-other"}));
      BOOST_TEST(store_conformance::kept_signals(*opened).empty());
    }
}

BOOST_FIXTURE_TEST_CASE(a_damaged_signal_goes_with_its_run, signal_fixture) {
  fill();
  execute("UPDATE signal_requests SET payload = x'00' WHERE run_id = 'run'");
  auto opened = open();
  must(opened->claim("run", now));
  append_batch last = store_conformance::under(2, store_conformance::batch("run", 1, {"2"}, 4));
  last.entry.closed = now;
  must(store_conformance::append(*opened, last));
  must(opened->request_cancel({"other", ""}, now));
  BOOST_TEST((store_conformance::kept_signals(*opened) == ids{"to-other"}));
}

BOOST_FIXTURE_TEST_CASE(a_lost_table_is_found, signal_fixture) {
  fill();
  execute("DROP TABLE signal_requests");
  store_conformance::check_refused(open_sqlite_store(file), workflow_errc::store_damaged);
}

BOOST_AUTO_TEST_SUITE_END()
