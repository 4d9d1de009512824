#include "actors/workflow/sqlite.hpp"
#include "actors/workflow/sqlite_rebuild.hpp"
#include "actors/workflow/store_repair.hpp"
#include "tests/actors/workflow/store_filling.hpp"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <fmt/format.h>
#include <rapidcheck.h>
#include <set>

using namespace troupe;
using namespace troupe::test;

BOOST_AUTO_TEST_SUITE(workflow_store_damage_property)

namespace {

using histories = std::map<std::string, std::vector<std::string>>;

/// What happens to one row.
struct blow {
  std::size_t run = 0;
  std::size_t event = 0;
  std::size_t what = 0;
};

std::ostream& operator<<(std::ostream& out, const blow& shown) {
  return out << "{run " << shown.run << ", event " << shown.event << ", what " << shown.what << "}";
}

const std::vector<std::string> runs{"first", "second", "third", "open", "large", "large too"};

std::string sql_of(const blow& from) {
  const std::string run = "(SELECT number FROM runs WHERE run_id = '" + runs.at(from.run) + "')";
  const std::string event = fmt::format(" WHERE number = {} AND run = {}", from.event + 1, run);
  const std::string entry = " WHERE run_id = '" + runs.at(from.run) + "'";
  switch (from.what) {
  case 0:
    return "DELETE FROM events" + event;
  case 1:
    return "UPDATE events SET checksum = bytes" + event;
  case 2:
    return "UPDATE events SET bytes = checksum" + event;
  case 3:
    return "UPDATE events SET number = number + 17" + event;
  case 4:
    return "DELETE FROM runs" + entry;
  case 5:
    return "UPDATE runs SET version = version - 1" + entry;
  default:
    return "UPDATE runs SET checksum = run_id" + std::string{" WHERE 1 = 0"};
  }
}

rc::Gen<blow> any_blow() {
  return rc::gen::build<blow>(rc::gen::set(&blow::run, rc::gen::inRange<std::size_t>(0, 6)),
                              rc::gen::set(&blow::event, rc::gen::inRange<std::size_t>(0, 4)),
                              rc::gen::set(&blow::what, rc::gen::inRange<std::size_t>(0, 6)));
}

repair_report repair(const store_place& place) {
  const auto rows = must(place.open_rows(false));
  const auto read = must(place.open_to_read());
  return must(repair_store(*rows, *read, at(100), {}));
}

/// Every history is one that was there, or the beginning of one.
void check_prefixes(const histories& before, const histories& after) {
  for (const auto& [run, events] : after) {
    RC_ASSERT(before.contains(run));
    const auto& whole = before.at(run);
    RC_ASSERT(events.size() <= whole.size());
    RC_ASSERT(std::equal(events.begin(), events.end(), whole.begin()));
  }
}

/// Where the names and places of the tables lie: without these pages there is no file.
std::set<std::size_t> schema_pages(const std::filesystem::path& file) {
  auto on = must(sqlite::database::open(file.string(), sqlite::open_mode::existing, {}));
  auto rows = must(on.prepare("SELECT pageno FROM dbstat WHERE name IN ('sqlite_schema', "
                              "'sqlite_master')"));
  std::set<std::size_t> made;
  while (must(rows.step()))
    made.insert(static_cast<std::size_t>(rows.number(0)));
  return made;
}

} // namespace

BOOST_DATA_TEST_CASE(damaged_rows, boost::unit_test::data::make(store_kinds), kind) {
  BOOST_TEST(rc::check("what is not hit stays, what is hit is told", [kind] {
    const auto blows = *rc::gen::nonEmpty(rc::gen::container<std::vector<blow>>(any_blow()));
    const auto place = make_place(kind);
    fill(*place);
    const auto before = histories_of(*place);
    std::set<std::string> hit;
    for (const blow& each : blows) {
      place->execute(sql_of(each));
      hit.insert(runs.at(each.run));
    }
    std::set<std::string> told;
    for (const repaired& each : repair(*place).done)
      told.insert(each.id);
    const auto again = check(*place);
    RC_LOG(damages_of(again));
    RC_ASSERT(again.is_good());
    const auto after = histories_of(*place);
    check_prefixes(before, after);
    for (const auto& [run, events] : before) {
      const bool whole = after.contains(run) && after.at(run) == events;
      if (!hit.contains(run)) RC_ASSERT(whole);
      // A run of which nothing is left that says its name is told by its number.
      if (!whole && after.contains(run)) RC_ASSERT(told.contains(run));
      if (!whole && !after.contains(run)) RC_ASSERT(told.contains(run) || told.contains(""));
    }
  }));
}

BOOST_AUTO_TEST_CASE(damaged_pages) {
  const sqlite_place original;
  fill(original);
  const auto before = histories_of(original);
  const auto needed = schema_pages(original.file());
  const std::string good = read_file(original.file());
  BOOST_REQUIRE(!needed.empty());
  BOOST_TEST(rc::check("a file with damaged pages is made usable, or refused with a reason", [&] {
    const sqlite_place place;
    must(place.open(at(0)));
    std::string bytes = good;
    const auto holes = *rc::gen::inRange(1, 6);
    bool hopeless = false;
    for (int i = 0; i < holes; ++i) {
      // Not the first page: without it there is no file.
      const auto at = *rc::gen::inRange<std::size_t>(4'096, bytes.size());
      const auto size = *rc::gen::inRange<std::size_t>(1, 5'000);
      const auto value = *rc::gen::arbitrary<char>();
      for (std::size_t j = at; j < std::min(at + size, bytes.size()); ++j) {
        bytes[j] = static_cast<char>(bytes[j] ^ value);
        hopeless = hopeless || (value != 0 && needed.contains(j / 4'096 + 1));
      }
    }
    for (const char* beside : {"-wal", "-shm"})
      std::filesystem::remove(place.file().string() + beside);
    write_file(place.file(), bytes);
    if (const auto made = rebuild_sqlite_file(place.file(), {}); !made) {
      RC_LOG(made.error().message());
      RC_ASSERT(hopeless);
      RC_ASSERT(made.error().code == workflow_errc::store_damaged);
      RC_ASSERT(read_file(place.file()) == bytes);
      return;
    }
    repair(place);
    const auto again = check(place);
    RC_LOG(damages_of(again));
    RC_ASSERT(again.is_good());
    check_prefixes(before, histories_of(place));
  }));
}

BOOST_AUTO_TEST_SUITE_END()
