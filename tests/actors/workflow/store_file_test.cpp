#include "actors/workflow/owner_locks.hpp"
#include "actors/workflow/sqlite_file.hpp"
#include "tests/actors/workflow/engine_harness.hpp"
#include "tests/actors/workflow/store_conformance.hpp"
#include "tests/actors/workflow/store_on_disk.hpp"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <map>
#include <sys/stat.h>

using namespace troupe;
using namespace troupe::test;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(workflow_store_file)

namespace {

constexpr auto short_wait = 50ms;

struct file_fixture : store_on_disk {
  /// Puts a recorded file of an older format in place: three runs, and one more of each format since.
  void lay_out(store_format format) const {
    execute(read_file(source_folder() / "tests/actors/workflow" /
                      ("store_v" + std::to_string(format) + ".sql")));
  }
  [[nodiscard]] result<store_file> open(bool read_only = false) const {
    return open_store_file(file, {false, read_only, short_wait});
  }
  [[nodiscard]] std::int64_t format() const {
    return must(must(open(true)).database.query_number("PRAGMA user_version"));
  }
  [[nodiscard]] std::vector<std::string> names() const {
    std::vector<std::string> made;
    for (const auto& each : std::filesystem::directory_iterator{folder.path()})
      made.push_back(each.path().filename());
    std::sort(made.begin(), made.end());
    return made;
  }
  void check_refused(const result<store_file>& outcome, workflow_errc code,
                     const std::string& words) const {
    BOOST_REQUIRE(!outcome);
    BOOST_TEST((outcome.error().code == code), outcome.error().message());
    BOOST_TEST(outcome.error().context.find(words) != std::string::npos, outcome.error().context);
    BOOST_TEST(outcome.error().context.find(folder.path().string()) != std::string::npos);
  }
};

/// Every table and index with the text that made it, white space aside.
std::map<std::string, std::string> schema_of(store_file& of) {
  std::map<std::string, std::string> made;
  auto query =
      must(of.database.prepare("SELECT name, coalesce(sql, '') FROM sqlite_master ORDER BY name"));
  while (must(query.step()))
    made.emplace(query.text(0), query.text(1));
  return made;
}

const auto older_formats = boost::unit_test::data::xrange(store_format{1}, newest_format);

std::size_t runs_of(store_format recorded) {
  return static_cast<std::size_t>(recorded) + 2;
}

} // namespace

// --- formats -------------------------------------------------------------------------------------

BOOST_FIXTURE_TEST_CASE(a_new_file_has_the_newest_format, file_fixture) {
  auto made = must(open());
  BOOST_TEST(made.format == newest_format);
  BOOST_TEST(must(made.database.query_number("PRAGMA user_version")) == newest_format);
  BOOST_TEST(must(made.database.query_text("PRAGMA journal_mode")) == "wal");
  BOOST_TEST(must(made.database.query_number("PRAGMA synchronous")) == 2);
}

BOOST_DATA_TEST_CASE(an_older_file_becomes_like_a_new_one, older_formats, old_format) {
  const file_fixture old;
  old.lay_out(old_format);
  auto upgraded = must(old.open());
  BOOST_TEST(must(upgraded.database.query_number("PRAGMA user_version")) == newest_format);
  BOOST_TEST(must(upgraded.database.query_text("PRAGMA integrity_check")) == "ok");
  const file_fixture other;
  auto made = must(other.open());
  BOOST_TEST((schema_of(upgraded) == schema_of(made)));
}

BOOST_DATA_TEST_CASE(runs_of_an_older_file_go_on, older_formats, old_format) {
  const file_fixture old;
  old.lay_out(old_format);
  sqlite_store_options options;
  options.now = at(1);
  engine_harness engine{must(open_sqlite_store(old.file, options))};
  engine.now = at(1);
  BOOST_TEST(must(engine.core->list({})).size() == runs_of(old_format));
  BOOST_TEST(engine.summary("finished").status() == v1::RUN_STATUS_COMPLETED);
  const auto found = must(engine.core->recover());
  BOOST_TEST(found.runs.size() == 2u);
  BOOST_TEST(found.refused.empty());
  engine.go_on();
  for (const char* run : {"half-done", "just-started"})
    BOOST_TEST(engine.summary(run).status() == v1::RUN_STATUS_COMPLETED);
}

BOOST_FIXTURE_TEST_CASE(runs_of_an_older_file_can_be_cancelled, engine_fixture) {
  const file_fixture old;
  old.lay_out(1);
  sqlite_store_options options;
  options.now = at(1);
  engine_harness engine{must(open_sqlite_store(old.file, options))};
  engine.now = at(1);
  result<cancellation> told = troupe::fail(workflow_errc::none, "not told");
  engine.core->cancel("half-done", {"", {}},
                      [&](result<cancellation> done) { told = std::move(done); });
  BOOST_REQUIRE(told);
  BOOST_TEST((*told == cancellation::done));
  BOOST_TEST(engine.summary("half-done").status() == v1::RUN_STATUS_CANCELLED);
  BOOST_TEST(must(engine.core->recover()).runs.size() == 1u); // the other one
}

BOOST_DATA_TEST_CASE(runs_of_an_older_file_can_be_signalled, older_formats, old_format) {
  const file_fixture old;
  old.lay_out(old_format);
  auto opened = must(open_sqlite_store(old.file));
  BOOST_TEST(must(opened->signal_requests()).empty());
  must(opened->request_signal({"1", "half-done", "approve", "any"}, at(1)));
  store_conformance::check_refused(opened->request_signal({"2", "finished", "approve", ""}, at(1)),
                                   workflow_errc::run_closed);
  opened = must(open_sqlite_store(old.file));
  const auto kept = must(opened->signal_requests());
  BOOST_REQUIRE(kept.size() == 1u);
  BOOST_TEST(kept[0].run_id == "half-done");
}

BOOST_FIXTURE_TEST_CASE(an_upgrade_leaves_a_copy_of_the_old_file, file_fixture) {
  lay_out(1);
  const file_fixture copy;
  must(open());
  std::filesystem::rename(file.string() + ".format-1", copy.file);
  BOOST_TEST(copy.format() == 1);
  // Put back and upgraded again, it does not take the place of an earlier copy.
  std::filesystem::copy_file(copy.file, file.string() + ".format-1");
  std::filesystem::copy_file(copy.file, file, std::filesystem::copy_options::overwrite_existing);
  for (const char* beside : {"-wal", "-shm"})
    std::filesystem::remove(file.string() + beside);
  must(open());
  BOOST_TEST(std::filesystem::exists(file.string() + ".format-1-2"));
  must(open()); // newest already: no further copy
  BOOST_TEST(!std::filesystem::exists(file.string() + ".format-1-3"));
  BOOST_TEST(!std::filesystem::exists(file.string() + ".format-2"));
}

BOOST_FIXTURE_TEST_CASE(a_file_that_cannot_be_copied_is_not_upgraded, file_fixture) {
  lay_out(1);
  std::filesystem::create_directories(file.string() + ".format-1.partial/in the way");
  const auto refused = open();
  BOOST_REQUIRE(!refused);
  BOOST_TEST(refused.error().context.find("no copy of it could be made") != std::string::npos,
             refused.error().context);
  BOOST_TEST(format() == 1);
}

BOOST_FIXTURE_TEST_CASE(a_file_in_use_is_not_upgraded, file_fixture) {
  lay_out(1);
  execute("INSERT INTO owners VALUES ('4711-old', 7, 9000000000000000)");
  {
    auto locks = must(owner_locks::open(owners_file(file)));
    BOOST_REQUIRE(locks.try_lock(7));
    check_refused(open(), workflow_errc::store_busy, "is open in an older troupe");
    BOOST_TEST(format() == 1);
  }
  BOOST_TEST(open().has_value()); // its owner is gone
}

BOOST_FIXTURE_TEST_CASE(a_failed_step_leaves_the_old_format, file_fixture) {
  lay_out(1);
  execute("CREATE TABLE cancel_requests (x)"); // in the way
  BOOST_TEST(!open());
  BOOST_TEST(format() == 1);
  execute("DROP TABLE cancel_requests");
  BOOST_TEST(open().has_value());
}

BOOST_FIXTURE_TEST_CASE(an_upgrade_keeps_damage_visible, file_fixture) {
  lay_out(2);
  execute("DELETE FROM events WHERE id = 2 * 4294967296 + 7");
  auto opened = must(open_sqlite_store(file));
  const auto damaged = opened->read("half-done");
  BOOST_REQUIRE(!damaged);
  BOOST_TEST(damaged.error().context.find("event 7 of run 'half-done' is missing") !=
                 std::string::npos,
             damaged.error().context);
  BOOST_TEST(opened->read("finished").has_value());
}

BOOST_FIXTURE_TEST_CASE(a_newer_file_is_refused_and_left_alone, file_fixture) {
  must(open());
  execute("PRAGMA user_version = 99");
  check_refused(open(), workflow_errc::store_newer, "use a newer troupe");
  BOOST_TEST(names() == std::vector<std::string>{"troupe.db"}, boost::test_tools::per_element());
  check_refused(open(true), workflow_errc::store_newer, "format 99");
}

// --- places --------------------------------------------------------------------------------------

BOOST_FIXTURE_TEST_CASE(what_is_no_file_is_named, file_fixture) {
  std::filesystem::create_directory(file);
  check_refused(open(), workflow_errc::store_unavailable, "is a folder");
  check_refused(open_store_file(folder.path() / "no" / "troupe.db", {}),
                workflow_errc::store_unavailable, "no/troupe.db");
  check_refused(open_store_file(folder.path() / "none.db", {true}),
                workflow_errc::store_unavailable, "is not there");
  std::filesystem::remove(file);
  BOOST_REQUIRE(mkfifo(file.c_str(), 0600) == 0);
  check_refused(open(), workflow_errc::store_unavailable, "is no regular file");
}

BOOST_FIXTURE_TEST_CASE(a_lost_header_is_damage_where_a_store_was, file_fixture) {
  must(open_sqlite_store(file)).reset();
  std::string bytes = read_file(file);
  bytes.replace(0, 16, 16, '\0');
  write_file(file, bytes);
  check_refused(open(), workflow_errc::store_damaged, "its header is not one's any more");
}

BOOST_FIXTURE_TEST_CASE(a_file_system_without_a_log_is_refused, file_fixture) {
  // This way of SQLite's to reach files has no shared memory, as some network file systems.
  sqlite3_vfs* usual = sqlite3_vfs_find(nullptr);
  sqlite3_vfs_register(sqlite3_vfs_find("unix-dotfile"), 1);
  const auto refused = open();
  sqlite3_vfs_register(usual, 1);
  check_refused(refused, workflow_errc::store_unavailable, "keep the store on a local disk");
}

// --- reading only --------------------------------------------------------------------------------

BOOST_DATA_TEST_CASE(an_older_file_is_read_as_it_is, older_formats, old_format) {
  const file_fixture old;
  old.lay_out(old_format);
  sqlite_store_options options;
  options.read_only = true;
  auto reading = must(open_sqlite_store(old.file, options));
  BOOST_TEST(must(reading->list({})).size() == runs_of(old_format));
  BOOST_TEST(must(reading->read("half-done")).size() == 18u);
  store_conformance::check_refused(reading->signal_requests(), workflow_errc::store_unavailable);
  store_conformance::check_refused(reading->request_signal({"1", "half-done", "n", ""}, at(0)),
                                   workflow_errc::store_unavailable);
  store_conformance::check_refused(reading->drop_signals(std::vector<std::string>{"1"}),
                                   workflow_errc::store_unavailable);
  BOOST_TEST(old.format() == old_format);
}

BOOST_FIXTURE_TEST_CASE(reading_sees_what_another_writes, file_fixture) {
  auto writing = must(open_sqlite_store(file));
  sqlite_store_options options;
  options.read_only = true;
  auto reading = must(open_sqlite_store(file, options));
  append_batch batch;
  batch.entry.run_id = "r";
  batch.events = {"1"};
  must(writing->append({&batch, 1}));
  BOOST_TEST(must(reading->read("r")).size() == 1u);
  batch.expected_version = 1;
  BOOST_TEST((reading->append({&batch, 1}).error().code == workflow_errc::store_unavailable));
  BOOST_TEST((reading->renew(at(0)).error().code == workflow_errc::store_unavailable));
  BOOST_TEST((reading->claim("r", at(0)).error().code == workflow_errc::store_unavailable));
}

BOOST_FIXTURE_TEST_CASE(an_empty_file_cannot_be_read, file_fixture) {
  write_file(file, "");
  check_refused(open(true), workflow_errc::store_unavailable, "is empty");
}

BOOST_AUTO_TEST_SUITE_END()
