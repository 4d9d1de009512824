#include "actors/workflow/store_prune.hpp"

#include "actors/workflow/store_backup.hpp"
#include "tests/actors/workflow/store_conformance.hpp"
#include "tests/actors/workflow/store_filling.hpp"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>

using namespace troupe;
using namespace troupe::test;

BOOST_AUTO_TEST_SUITE(workflow_store_prune)

namespace {

namespace data = boost::unit_test::data;
using ids = std::vector<std::string>;

/// A run that was closed `second` seconds after the others began.
append_batch closed_at(const std::string& run, int second,
                       std::int32_t status = v1::RUN_STATUS_COMPLETED, const run_tags& tags = {}) {
  append_batch made = small_run(run, 4, 0, tags);
  made.entry.closed = at(second);
  made.entry.status = status;
  return made;
}

pruned_runs prune(const store_place& place, prune_options options) {
  if (options.closed_before == time_point{}) options.closed_before = at(1'000);
  return must(prune_store(*must(place.open_rows(false)), options, {}));
}

ids runs_in(const store_place& place) {
  ids made;
  for (const auto& [run, events] : histories_of(place))
    made.push_back(run);
  return made;
}

struct archive_fixture {
  temporary_folder folder;
  const std::filesystem::path file = folder.path() / "old.archive";
};

} // namespace

BOOST_DATA_TEST_CASE(only_what_was_closed_before_goes, data::make(store_kinds), kind) {
  const auto place = make_place(kind);
  {
    const auto into = must(place->open(at(0)));
    for (int i = 1; i < 6; ++i)
      append(*into, closed_at("run" + std::to_string(i), 100 * i,
                              i == 2 ? v1::RUN_STATUS_FAILED : v1::RUN_STATUS_COMPLETED));
    append(*into, small_run("open", 2));
  }
  prune_options options;
  options.closed_before = at(300);
  options.dry_run = true;
  BOOST_TEST(prune(*place, options).runs == 2u);
  BOOST_TEST(runs_in(*place).size() == 6u);
  options.dry_run = false;
  options.statuses = {v1::RUN_STATUS_COMPLETED};
  const auto first = prune(*place, options);
  BOOST_TEST(first.runs == 1u);
  BOOST_TEST(first.events == 4u);
  BOOST_TEST((runs_in(*place) == ids{"open", "run2", "run3", "run4", "run5"}));
  options = {};
  options.keep = 2;
  BOOST_TEST(prune(*place, options).runs == 2u);
  BOOST_TEST((runs_in(*place) == ids{"open", "run4", "run5"}));
  options.keep = 7;
  BOOST_TEST(prune(*place, options).runs == 0u);
  options.keep = 0;
  options.runs_at_once = 1;
  BOOST_TEST(prune(*place, options).runs == 2u);
  BOOST_TEST((runs_in(*place) == ids{"open"}));
  const auto rows = must(place->open_rows(true));
  BOOST_TEST(must(count_rows(*rows, "SELECT count(*) FROM events")) == 2);
  BOOST_TEST(check(*place).is_good());
}

BOOST_DATA_TEST_CASE(an_archive_has_all_and_can_be_restored,
                     data::make(store_kinds) * data::make(store_kinds), from, to) {
  const archive_fixture disk;
  const auto place = make_place(from);
  fill(*place);
  append(*must(place->open(at(0))), closed_at("tagged", 4, v1::RUN_STATUS_COMPLETED, {{"k", "v"}}));
  const auto before = histories_of(*place);
  prune_options options;
  options.archive = disk.file;
  options.runs_at_once = 2; // several batches
  options.keep = 2;
  BOOST_TEST(prune(*place, options).runs == 4u);
  options.keep = 0;
  BOOST_TEST(prune(*place, options).runs == 2u); // behind those that are there
  BOOST_TEST((runs_in(*place) == ids{"open"}));
  BOOST_TEST(must(count_rows(*must(place->open_rows(true)), "SELECT count(*) FROM blobs")) == 0);
  const auto target = make_place(to);
  must(restore(*must(target->open_rows(false)), disk.file, restore_mode::into_empty, {}));
  auto archived = before;
  archived.erase("open");
  BOOST_TEST((histories_of(*target) == archived));
  run_filter filter;
  filter.tags = {{"k", "v"}};
  BOOST_TEST(must(must(target->open_to_read())->list(filter)).size() == 1u);
  must(restore(*must(place->open_rows(false)), disk.file, restore_mode::add, {}));
  BOOST_TEST((histories_of(*place) == before));
  const auto found = check(*place);
  BOOST_TEST(found.is_good(), damages_of(found));
}

/// It would not do to go on with it behind its last good mark: what lies beyond is in no store any more.
BOOST_AUTO_TEST_CASE(an_archive_that_is_damaged_is_refused_and_stays_as_it_is) {
  const archive_fixture disk;
  {
    const sqlite_place place;
    fill(place);
    prune_options options;
    options.archive = disk.file;
    options.runs_at_once = 1;
    BOOST_TEST(prune(place, options).runs > 2u);
  }
  const std::string good = read_file(disk.file);
  const sqlite_place place;
  append(*must(place.open(at(0))), closed_at("another", 4));
  prune_options options;
  options.archive = disk.file;
  options.closed_before = at(1'000);
  for (std::size_t byte = 0; byte < good.size(); byte += byte < 400 ? 1 : 1 + good.size() / 300) {
    std::string bad = good;
    bad[byte] = static_cast<char>(bad[byte] ^ 0x11);
    write_file(disk.file, bad);
    const auto refused = prune_store(*must(place.open_rows(false)), options, {});
    BOOST_REQUIRE_MESSAGE(!refused, "changed at " << byte);
    BOOST_TEST((refused.error().code == workflow_errc::bad_backup), refused.error().message());
    BOOST_TEST((read_file(disk.file) == bad), "changed at " << byte);
  }
  BOOST_TEST((runs_in(place) == ids{"another"}));
}

/// A machine that went down leaves room behind the last batch that was never written.
BOOST_AUTO_TEST_CASE(an_archive_with_zeros_behind_its_end_is_gone_on_with) {
  const archive_fixture disk;
  prune_options options;
  options.archive = disk.file;
  for (const char* run : {"one", "two"}) {
    const sqlite_place place;
    append(*must(place.open(at(0))), closed_at(run, 4));
    BOOST_TEST(prune(place, options).runs == 1u);
    write_file(disk.file, read_file(disk.file) + std::string(5'000, '\0'));
  }
  const sqlite_place target;
  must(restore(*must(target.open_rows(false)), disk.file, restore_mode::into_empty, {}));
  BOOST_TEST(histories_of(target).size() == 2u);
}

/// Whoever is killed while he writes a batch leaves a part of it: the next one takes its place, and it counts for nobody.
BOOST_AUTO_TEST_CASE(an_archive_that_ends_in_the_middle_of_a_batch) {
  const archive_fixture disk;
  const sqlite_place place;
  fill(place);
  prune_options options;
  options.archive = disk.file;
  options.keep = 3;
  BOOST_TEST(prune(place, options).runs == 2u);
  const std::string whole = read_file(disk.file);
  options.keep = 0;
  BOOST_TEST(prune(place, options).runs == 3u);
  const std::string more = read_file(disk.file);
  for (std::size_t size = whole.size(); size < more.size();
       size += 1 + (more.size() - whole.size()) / 40) {
    write_file(disk.file, more.substr(0, size));
    const sqlite_place target;
    must(restore(*must(target.open_rows(false)), disk.file, restore_mode::into_empty, {}));
    BOOST_TEST(histories_of(target).size() == 2u);
    const sqlite_place another;
    append(*must(another.open(at(0))), closed_at("another", 4));
    BOOST_TEST(prune(another, options).runs == 1u);
    const sqlite_place both;
    must(restore(*must(both.open_rows(false)), disk.file, restore_mode::into_empty, {}));
    BOOST_TEST(histories_of(both).size() == 3u);
  }
  write_file(disk.file, "something else");
  append(*must(place.open(at(0))), closed_at("another", 4));
  options.closed_before = at(1'000);
  store_conformance::check_refused(prune_store(*must(place.open_rows(false)), options, {}),
                                   workflow_errc::bad_backup);
}

BOOST_DATA_TEST_CASE(a_run_stays_as_long_as_the_one_that_started_it_is_open,
                     data::make(store_kinds), kind) {
  const auto place = make_place(kind);
  {
    const auto into = must(place->open(at(0)));
    append(*into, small_run("parent", 2));
    append(*into, closed_at("parent..a.0", 10));
    append(*into, closed_at("parent..a.0..b.1", 10));
    append(*into, closed_at("done..a.0", 10));
    append(*into, closed_at("done", 11));
  }
  const auto made = prune(*place, {});
  BOOST_TEST(made.runs == 2u);
  BOOST_TEST(made.kept_for_parents == 2u);
  BOOST_TEST((runs_in(*place) == ids{"parent", "parent..a.0", "parent..a.0..b.1"}));
}

BOOST_DATA_TEST_CASE(what_is_damaged_stays, data::make(store_kinds), kind) {
  const auto place = make_place(kind);
  fill(*place);
  place->execute(
      "UPDATE events SET checksum = bytes WHERE number = 2 AND run = (SELECT number FROM "
      "runs WHERE run_id = 'first')");
  const auto made = prune(*place, {});
  BOOST_TEST(made.runs == 4u);
  BOOST_TEST((made.damaged == ids{"first"}));
}

BOOST_DATA_TEST_CASE(a_prune_among_engines_at_work, data::make(store_kinds), kind) {
  const auto place = make_place(kind);
  auto owner = must(place->open(store_place::clock::now()));
  append(*owner, small_run("open", 2));
  append(*owner, closed_at("closed", 10));
  BOOST_TEST(prune(*place, {}).runs == 1u);
  append_batch more = small_run("open", 3);
  more.expected_version = 2;
  more.events = {more.events.copies()[2]};
  append(*owner, more);
  append(*owner, closed_at("closed", 10)); // its id is free again
  BOOST_TEST(must(owner->read("open")).size() == 3u);
}

BOOST_AUTO_TEST_SUITE_END()
