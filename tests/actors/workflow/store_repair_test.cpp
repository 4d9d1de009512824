#include "actors/workflow/store_repair.hpp"
#include "tests/actors/workflow/engine_harness.hpp"
#include "tests/actors/workflow/store_filling.hpp"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>

using namespace troupe;
using namespace troupe::test;

BOOST_AUTO_TEST_SUITE(workflow_store_repair)

namespace {

namespace data = boost::unit_test::data;
using how = repaired::how;

repair_report repair(const store_place& place) {
  const auto rows = must(place.open_rows(false));
  const auto histories = must(place.open_to_read());
  return must(repair_store(*rows, *histories, at(100), {}));
}

std::int64_t count(const store_place& place, const std::string& of) {
  const auto rows = must(place.open_rows(true));
  return must(count_rows(*rows, "SELECT count(*) FROM " + of));
}

std::string run_number(const std::string& run) {
  return "(SELECT number FROM runs WHERE run_id = '" + run + "')";
}

/// Something that goes wrong with a store, and what is made of it.
struct fault {
  const char* name;
  std::string sql;
  /// A part of what a check says.
  std::string found;
  how done;
  /// Of the run that it happens to: events that are left; 0 where the run is gone.
  const char* run;
  std::size_t left;
};

std::ostream& operator<<(std::ostream& out, const fault& shown) {
  return out << shown.name;
}

const std::vector<fault>& faults() {
  static const std::vector<fault> all{
      {"last event is not what was written",
       "UPDATE events SET checksum = bytes WHERE number = 4 AND run = " + run_number("first"),
       "event 4 of run 'first' is not what was written", how::cut, "first", 3},
      {"last event is gone", "DELETE FROM events WHERE number = 4 AND run = " + run_number("first"),
       "event 4 of run 'first' is missing", how::cut, "first", 3},
      {"an event in the middle is not what was written",
       "UPDATE events SET checksum = bytes WHERE number = 2 AND run = " + run_number("first"),
       "event 2 of run 'first' is not what was written", how::set_aside, "first", 0},
      {"an event in the middle is gone",
       "DELETE FROM events WHERE number = 2 AND run = " + run_number("first"),
       "event 2 of run 'first' is missing", how::set_aside, "first", 0},
      {"the first event is gone",
       "DELETE FROM events WHERE number = 1 AND run = " + run_number("first"),
       "event 1 of run 'first' is missing", how::set_aside, "first", 0},
      {"all events are gone", "DELETE FROM events WHERE run = " + run_number("first"), "is missing",
       how::set_aside, "first", 0},
      {"the entry is not what was written", "UPDATE runs SET status = 3 WHERE run_id = 'first'",
       "its entry is not what was written", how::rebuilt, "first", 4},
      {"the entry tells of another time", "UPDATE runs SET started_us = 7 WHERE run_id = 'first'",
       "its entry is not what was written", how::rebuilt, "first", 4},
      {"the entry is gone", "DELETE FROM runs WHERE run_id = 'first'", "belong to no run",
       how::rebuilt, "first", 4},
      {"a tag is gone", "DELETE FROM run_tags", "its tags are not those of its history",
       how::rebuilt, "second", 4},
      {"a tag too many",
       "INSERT INTO run_tags SELECT workflow, workflow, 0, number FROM runs WHERE run_id = 'first'",
       "its tags are not those of its history", how::rebuilt, "first", 4},
      {"a payload is not what was written", "UPDATE blobs SET bytes = hash",
       "is not what was written", how::set_aside, "large", 0},
      {"a payload is gone", "DELETE FROM blobs", "is missing", how::set_aside, "large", 0},
      {"a signal is not what was written", "UPDATE signal_requests SET payload = checksum",
       "signal_requests signal: it is not what was written", how::removed, "open", 2},
      {"a wish to cancel is not what was written", "UPDATE cancel_requests SET time_ms = 1",
       "cancel_requests open: it is not what was written", how::removed, "open", 2},
      {"a letter is not what was written", "UPDATE dead_letters SET attempts = 77",
       "dead_letters letter: it is not what was written", how::removed, "open", 2}};
  return all;
}

} // namespace

BOOST_DATA_TEST_CASE(a_good_store_is_good_and_stays_as_it_is, data::make(store_kinds), kind) {
  const auto place = make_place(kind);
  fill(*place);
  const auto found = check(*place);
  BOOST_TEST(found.is_good(), damages_of(found));
  BOOST_TEST(found.runs == 6u);
  BOOST_TEST(found.events == 22u);
  BOOST_TEST(found.blobs == 1u); // both have the same one
  BOOST_TEST(found.signal_requests == 1u);
  BOOST_TEST(found.cancel_requests == 1u);
  BOOST_TEST(found.dead_letters == 1u);
  const auto before = histories_of(*place);
  BOOST_TEST(before.size() == 6u);
  BOOST_TEST(repair(*place).done.empty());
  BOOST_TEST((histories_of(*place) == before));
}

BOOST_DATA_TEST_CASE(each_fault_is_named_and_repaired,
                     data::make(store_kinds) * data::make(faults()), kind, wrong) {
  const auto place = make_place(kind);
  fill(*place);
  const auto before = histories_of(*place);
  place->execute(wrong.sql);
  const auto found = check(*place);
  BOOST_TEST(damages_of(found).find(wrong.found) != std::string::npos, damages_of(found));
  const auto done = repair(*place).done;
  BOOST_REQUIRE(!done.empty());
  BOOST_TEST((done[0].done == wrong.done), done[0].what);
  BOOST_TEST(!done[0].what.empty());
  const auto again = check(*place);
  BOOST_TEST(again.is_good(), damages_of(again));
  const auto after = histories_of(*place);
  for (const auto& [run, events] : before) {
    const bool hit = run == wrong.run || (std::string{wrong.run} == "large" && run == "large too");
    auto expected = events;
    if (hit) expected.resize(wrong.left);
    if (expected.empty())
      BOOST_TEST(!after.contains(run), run);
    else
      BOOST_TEST((after.at(run) == expected), run);
  }
  // What was taken out is kept.
  if (wrong.done != how::rebuilt) BOOST_TEST(again.quarantined > 0u);
  BOOST_TEST(repair(*place).done.empty());
}

BOOST_DATA_TEST_CASE(a_history_that_cannot_be_applied_is_damage, data::make(store_kinds), kind) {
  const auto place = make_place(kind);
  {
    auto made = small_run("odd");
    auto events = made.events.copies();
    std::swap(events[1], events[2]);
    made.events = events;
    append(*must(place->open(at(0))), made);
  }
  const auto found = check(*place);
  BOOST_TEST(damages_of(found).find("event 2 is malformed") != std::string::npos,
             damages_of(found));
  const auto done = repair(*place).done;
  BOOST_REQUIRE(done.size() == 1u);
  BOOST_TEST((done[0].done == how::set_aside), done[0].what);
  BOOST_TEST(check(*place).is_good());
}

BOOST_DATA_TEST_CASE(what_this_program_cannot_read_is_no_damage, data::make(store_kinds), kind) {
  const auto place = make_place(kind);
  {
    auto made = small_run("strange");
    v1::Event reply;
    auto events = made.events.copies();
    reply.ParseFromString(events[2]);
    reply.mutable_step_completed()->mutable_reply()->set_type_url("type.googleapis.com/host.Reply");
    events[2] = reply.SerializeAsString();
    made.events = events;
    append(*must(place->open(at(0))), made);
  }
  const auto found = check(*place);
  BOOST_TEST(found.is_good(), damages_of(found));
  BOOST_REQUIRE(found.unreadable.size() == 1u);
  BOOST_TEST(found.unreadable[0].id == "strange");
  // And is not judged where it is damaged.
  place->execute("UPDATE runs SET status = 3");
  const auto done = repair(*place).done;
  BOOST_REQUIRE(done.size() == 1u);
  BOOST_TEST((done[0].done == how::left), done[0].what);
}

BOOST_DATA_TEST_CASE(a_store_in_use_is_checked_and_not_repaired, data::make(store_kinds), kind) {
  const auto place = make_place(kind);
  fill(*place);
  place->execute("UPDATE runs SET status = 3 WHERE run_id = 'first'");
  auto owner = must(place->open(store_place::clock::now()));
  BOOST_TEST(!check(*place).is_good());
  const auto rows = must(place->open_rows(false));
  const auto histories = must(place->open_to_read());
  const auto refused = repair_store(*rows, *histories, at(100), {});
  BOOST_REQUIRE(!refused);
  BOOST_TEST((refused.error().code == workflow_errc::store_busy), refused.error().message());
  append(*owner, small_run("another")); // its lock is gone
  owner.reset();
  BOOST_TEST(must(repair_store(*rows, *histories, at(100), {})).done.size() == 1u);
}

BOOST_DATA_TEST_CASE(a_repair_that_is_not_wanted_any_more_changes_nothing, data::make(store_kinds),
                     kind) {
  const auto place = make_place(kind);
  fill(*place);
  place->execute("UPDATE runs SET status = 3 WHERE run_id = 'first'");
  {
    const auto rows = must(place->open_rows(false));
    const auto histories = must(place->open_to_read());
    store_watch watch;
    watch.stopped = [] { return true; };
    const auto ended = repair_store(*rows, *histories, at(100), watch);
    BOOST_REQUIRE(!ended);
    BOOST_TEST((ended.error().code == workflow_errc::interrupted));
  }
  BOOST_TEST(!check(*place).is_good());
  BOOST_TEST(count(*place, "quarantine") == 0);
}

/// A run that was cut goes on: what is left of its history is one that it could have had.
BOOST_DATA_TEST_CASE(a_run_that_was_cut_goes_on, data::make(store_kinds), kind) {
  const auto place = make_place(kind);
  fill(*place);
  place->execute("DELETE FROM events WHERE number = 4 AND run = " + run_number("first"));
  repair(*place);
  engine_harness engine{must(place->open(at(200)))};
  engine.now = at(200);
  must(engine.core->resume("first"));
  engine.go_on();
  BOOST_TEST(engine.summary("first").status() == v1::RUN_STATUS_COMPLETED);
}

BOOST_AUTO_TEST_SUITE_END()
