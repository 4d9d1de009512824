#include "actors/workflow/store_backup.hpp"

#include "actors/workflow/backup_file.hpp"
#include "actors/workflow/stored_rows.hpp"
#include "tests/actors/workflow/store_conformance.hpp"
#include "tests/actors/workflow/store_filling.hpp"

#include <atomic>
#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <limits>
#include <thread>

using namespace troupe;
using namespace troupe::test;

BOOST_AUTO_TEST_SUITE(workflow_store_backup)

namespace {

namespace data = boost::unit_test::data;

struct backup_fixture {
  temporary_folder folder;
  const std::filesystem::path file = folder.path() / "runs.backup";

  copied_rows back_up_from(const store_place& place) const {
    return must(back_up(*must(place.open_rows(true)), file, {}));
  }
  [[nodiscard]] result<restored_rows>
  restore_into(const store_place& place, restore_mode mode = restore_mode::into_empty) const {
    return restore(*must(place.open_rows(false)), file, mode, {});
  }
  /// Every row of the file, but for its time.
  [[nodiscard]] std::vector<std::string> content() const {
    std::vector<std::string> made;
    must(read_backup(
        file,
        [&](const stored_table& table, row& shown) -> result<void> {
          made.push_back(to_wire(table, shown).SerializeAsString());
          return {};
        },
        [](auto, auto) { return result<void>{}; }));
    std::sort(made.begin(), made.end());
    return made;
  }
};

} // namespace

BOOST_DATA_TEST_CASE(what_is_restored_is_what_was_there,
                     data::make(store_kinds) * data::make(store_kinds), from, to) {
  const backup_fixture disk;
  const auto source = make_place(from), target = make_place(to);
  fill(*source);
  const auto made = disk.back_up_from(*source);
  BOOST_TEST(made.damaged == 0u);
  BOOST_TEST(made.rows.at("runs") == 6u);
  BOOST_TEST(made.rows.at("events") == 22u);
  BOOST_TEST(made.rows.at("blobs") == 1u);
  BOOST_TEST(!std::filesystem::exists(disk.file.string() + ".partial"));
  const auto restored = must(disk.restore_into(*target));
  BOOST_TEST((restored.rows == made.rows));
  BOOST_TEST((histories_of(*target) == histories_of(*source)));
  const auto found = check(*target);
  BOOST_TEST(found.is_good(), damages_of(found));
  // It can be worked with: new runs get new numbers, and those that are there go on.
  auto owner = must(target->open(at(50)));
  append(*owner, small_run("another"));
  BOOST_TEST(must(owner->claim("open", at(50))) == 2u);
  BOOST_TEST(must(owner->signal_requests()).size() == 1u);
  must(owner->request_signal({"another", "open", "go", ""}, at(50)));
  const backup_fixture again;
  owner.reset();
  const auto third = make_place(to);
  must(disk.restore_into(*third));
  again.back_up_from(*third);
  BOOST_TEST((again.content() == disk.content()));
}

BOOST_DATA_TEST_CASE(a_store_with_something_in_it_is_left_alone, data::make(store_kinds), kind) {
  const backup_fixture disk;
  const auto place = make_place(kind);
  fill(*place);
  disk.back_up_from(*place);
  const auto other = make_place(kind);
  append(*must(other->open(at(0))), small_run("theirs"));
  store_conformance::check_refused(disk.restore_into(*other), workflow_errc::store_not_empty);
  BOOST_TEST(histories_of(*other).contains("theirs"));
  const auto added = must(disk.restore_into(*other, restore_mode::add));
  BOOST_TEST(added.skipped == 0u);
  BOOST_TEST(histories_of(*other).size() == 7u);
  BOOST_TEST(must(disk.restore_into(*other, restore_mode::add)).skipped == 6u);
  const auto found = check(*other);
  BOOST_TEST(found.is_good(), damages_of(found));
  must(disk.restore_into(*other, restore_mode::replace));
  BOOST_TEST((histories_of(*other) == histories_of(*place)));
  {
    const auto owner = must(other->open(store_place::clock::now()));
    store_conformance::check_refused(disk.restore_into(*other, restore_mode::replace),
                                     workflow_errc::store_busy);
  }
}

BOOST_DATA_TEST_CASE(damage_is_copied_and_told, data::make(store_kinds), kind) {
  const backup_fixture disk;
  const auto place = make_place(kind);
  fill(*place);
  place->execute("UPDATE events SET checksum = bytes WHERE number = 2");
  BOOST_TEST(disk.back_up_from(*place).damaged == 6u);
  const auto target = make_place(kind);
  BOOST_TEST(must(disk.restore_into(*target)).damaged == 6u);
  BOOST_TEST(check(*target).damages.size() == 6u);
}

BOOST_AUTO_TEST_CASE(moments_that_no_clock_has_end_at_its_borders) {
  constexpr auto least = std::numeric_limits<std::int64_t>::min(),
                 most = std::numeric_limits<std::int64_t>::max();
  for (const auto moment : {from_us(most), from_ms(most)})
    BOOST_TEST((moment > store::time_point::max() - std::chrono::seconds{1}));
  for (const auto moment : {from_us(least), from_ms(least)})
    BOOST_TEST((moment < store::time_point::min() + std::chrono::seconds{1}));
  BOOST_TEST(to_us(from_us(1'800'000'000'123'456)) == 1'800'000'000'123'456);
  BOOST_TEST((from_ms(1'800'000'000'123) == from_us(1'800'000'000'123'000)));
}

BOOST_AUTO_TEST_CASE(a_backup_that_is_cut_off_or_changed_is_refused) {
  const backup_fixture disk;
  const sqlite_place place, target;
  append(*must(place.open(at(0))), small_run("run"));
  disk.back_up_from(place);
  must(target.open(at(0)));
  const std::string good = read_file(disk.file);
  const auto refused = [&](const std::string& bytes, const std::string& what) {
    write_file(disk.file, bytes);
    const auto outcome = disk.restore_into(target);
    BOOST_TEST(!outcome, what);
    if (!outcome)
      BOOST_TEST((outcome.error().code == workflow_errc::bad_backup ||
                  outcome.error().code == workflow_errc::backup_cut_off),
                 outcome.error().message());
  };
  for (std::size_t size = 0; size < good.size(); size += 1 + good.size() / 150)
    refused(good.substr(0, size), "cut at " + std::to_string(size));
  for (std::size_t at = 0; at < good.size(); at += 1 + good.size() / 150) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 0x20);
    refused(bad, "changed at " + std::to_string(at));
  }
  refused(good + "more", "more behind the end");
  BOOST_TEST(histories_of(target).empty());
  write_file(disk.file, good);
  BOOST_TEST(disk.restore_into(target).has_value());
}

BOOST_DATA_TEST_CASE(a_backup_is_of_one_moment, data::make(store_kinds), kind) {
  const backup_fixture disk;
  const auto place = make_place(kind);
  std::atomic<bool> ending = false;
  std::atomic<int> appended = 0;
  auto owner = must(place->open(store_place::clock::now()));
  // Two runs at once, in one transaction: a backup has both of a pair or none.
  std::jthread writer{[&] {
    for (int i = 0; !ending; ++i) {
      const std::vector<append_batch> pair{small_run("a" + std::to_string(i)),
                                           small_run("b" + std::to_string(i))};
      if (owner->append(pair)) ++appended;
    }
  }};
  while (appended < 3)
    std::this_thread::yield();
  for (int i = 0; i < 3; ++i) {
    disk.back_up_from(*place);
    const auto target = make_place(kind);
    must(disk.restore_into(*target));
    const auto found = histories_of(*target);
    BOOST_TEST(found.size() % 2 == 0u);
    for (const auto& [run, events] : found)
      BOOST_TEST(found.contains((run[0] == 'a' ? "b" : "a") + run.substr(1)));
    BOOST_TEST(check(*target).is_good());
  }
  ending = true;
}

BOOST_DATA_TEST_CASE(an_end_before_its_time_leaves_nothing, data::make(store_kinds), kind) {
  const backup_fixture disk;
  const auto place = make_place(kind);
  fill(*place);
  store_watch watch;
  int asked = 0;
  watch.stopped = [&] { return ++asked > 5; };
  store_conformance::check_refused(back_up(*must(place->open_rows(true)), disk.file, watch),
                                   workflow_errc::interrupted);
  BOOST_TEST(std::filesystem::is_empty(disk.folder.path()));
  disk.back_up_from(*place);
  const auto target = make_place(kind);
  for (const int after : {3, 30}) {
    asked = 5 - after;
    store_conformance::check_refused(
        restore(*must(target->open_rows(false)), disk.file, restore_mode::into_empty, watch),
        workflow_errc::interrupted);
  }
  BOOST_TEST(histories_of(*target).empty());
}

BOOST_AUTO_TEST_SUITE_END()
