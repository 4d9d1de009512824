#include "actors/workflow/sqlite_store.hpp"
#include "tests/actors/workflow/store_conformance.hpp"
#include "tests/actors/workflow/store_on_disk.hpp"

#include <csignal>
#include <fstream>
#include <sqlite3.h>
#include <sys/resource.h>

using namespace troupe;
using namespace troupe::test;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(workflow_sqlite_store)

namespace {

/// Makes writes beyond a size fail, as a full disk does, until it is lifted.
class rlimit_file_size {
public:
  explicit rlimit_file_size(rlim_t most) {
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit small{most, before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &small);
  }
  ~rlimit_file_size() { lift(); }
  rlimit_file_size(const rlimit_file_size&) = delete;
  rlimit_file_size& operator=(const rlimit_file_size&) = delete;
  void lift() { setrlimit(RLIMIT_FSIZE, &before_); }

private:
  rlimit before_{};
};

struct folder_fixture : store_on_disk {
  [[nodiscard]] result<std::unique_ptr<store>> open() const {
    sqlite_store_options options;
    options.busy_timeout = 200ms;
    return open_sqlite_store(file, options);
  }
  [[nodiscard]] std::unique_ptr<store> must_open() const {
    auto opened = open();
    if (!opened) throw std::runtime_error{opened.error().message()};
    return std::move(*opened);
  }
  void fill(std::size_t events = 5) const {
    auto one = must_open();
    std::vector<std::string> bytes;
    for (std::size_t i = 0; i < events; ++i)
      bytes.push_back("event " + std::to_string(i));
    BOOST_REQUIRE(store_conformance::append(*one, store_conformance::batch("run", 0, bytes)));
    BOOST_REQUIRE(store_conformance::append(*one, store_conformance::batch("other", 0, bytes)));
  }
  void check_open_refused(workflow_errc expected) const {
    const auto opened = open();
    BOOST_REQUIRE(!opened);
    BOOST_TEST((opened.error().code == expected), opened.error().message());
    BOOST_TEST(opened.error().context.find("troupe.db") != std::string::npos);
  }
  void check_damage(const std::string& sql, const std::string& words) const {
    fill();
    execute(sql);
    auto one = must_open();
    const auto read = one->read("run");
    BOOST_REQUIRE(!read);
    BOOST_TEST((read.error().code == workflow_errc::store_damaged));
    BOOST_TEST(read.error().context.find(words) != std::string::npos, read.error().context);
    BOOST_TEST(one->read("other").has_value()); // the others can still be used
  }
};

} // namespace

BOOST_FIXTURE_TEST_CASE(changed_event_is_found, folder_fixture) {
  check_damage("UPDATE events SET bytes = x'00' WHERE run = 1 AND number = 3",
               "event 3 of run 'run' is not what was written");
}
BOOST_FIXTURE_TEST_CASE(flipped_bit_is_found, folder_fixture) {
  check_damage("UPDATE events SET bytes = CAST(replace(CAST(bytes AS TEXT), 'event 1', 'event 0') "
               "AS BLOB) WHERE run = 1 AND number = 2",
               "event 2 of run 'run' is not what was written");
}
BOOST_FIXTURE_TEST_CASE(removed_event_is_found, folder_fixture) {
  check_damage("DELETE FROM events WHERE run = 1 AND number = 2",
               "event 2 of run 'run' is missing");
}
BOOST_FIXTURE_TEST_CASE(removed_tail_is_found, folder_fixture) {
  check_damage("DELETE FROM events WHERE run = 1 AND number = 5",
               "event 5 of run 'run' is missing");
}
BOOST_FIXTURE_TEST_CASE(swapped_events_are_found, folder_fixture) {
  check_damage("UPDATE events SET id = 77 WHERE id = 1; UPDATE events SET id = 1 WHERE id = 2; "
               "UPDATE events SET id = 2 WHERE id = 77",
               "event 2 of run 'run' is missing");
}
BOOST_FIXTURE_TEST_CASE(events_that_say_to_be_each_other_are_found, folder_fixture) {
  check_damage("UPDATE events SET number = 3 - number WHERE run = 1 AND number < 3; "
               "UPDATE events SET previous = 1 WHERE id = 3; UPDATE events SET previous = 2 WHERE "
               "id = 1",
               "event 2 of run 'run' is not what was written");
}
BOOST_FIXTURE_TEST_CASE(a_chain_that_leads_to_another_run_is_found, folder_fixture) {
  check_damage("UPDATE events SET previous = (SELECT id FROM events WHERE run = 2 AND number = 2) "
               "WHERE run = 1 AND number = 3",
               "event 2 of run 'run' is missing");
}
BOOST_FIXTURE_TEST_CASE(a_chain_that_bites_its_tail_is_found, folder_fixture) {
  check_damage("UPDATE events SET previous = id WHERE run = 1 AND number = 3",
               "event 2 of run 'run' is missing");
}
BOOST_FIXTURE_TEST_CASE(a_lost_end_is_found, folder_fixture) {
  check_damage("UPDATE runs SET last_event = 0 WHERE run_id = 'run'",
               "event 5 of run 'run' is missing");
}
BOOST_FIXTURE_TEST_CASE(event_of_another_run_is_found, folder_fixture) {
  check_damage("UPDATE events SET (bytes, checksum) = (SELECT bytes, checksum FROM events WHERE "
               "run = 2 AND number = 2) WHERE run = 1 AND number = 2",
               "event 2 of run 'run' is not what was written");
}
BOOST_FIXTURE_TEST_CASE(changed_entry_is_found, folder_fixture) {
  check_damage("UPDATE runs SET status = 2 WHERE run_id = 'run'",
               "the entry of run 'run' is not what was written");
}

BOOST_FIXTURE_TEST_CASE(truncated_file_is_found, folder_fixture) {
  fill(2'000);
  std::filesystem::resize_file(file, std::filesystem::file_size(file) / 2 / 4096 * 4096);
  const auto opened = open();
  const auto read = opened ? (*opened)->read("other") : tl::unexpected(opened.error());
  BOOST_REQUIRE(!read);
  BOOST_TEST((read.error().code == workflow_errc::store_damaged), read.error().message());
}

BOOST_FIXTURE_TEST_CASE(emptied_file_is_found, folder_fixture) {
  fill();
  std::filesystem::resize_file(file, 0);
  check_open_refused(workflow_errc::store_damaged);
}

BOOST_FIXTURE_TEST_CASE(every_flipped_byte_is_found_or_harmless, folder_fixture) {
  fill(40);
  const std::string good = read_file(file);
  const auto before = must_open()->read("run").value();
  for (std::size_t at = 0; at < good.size(); at += 397) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 0x10);
    write_file(file, bad);
    BOOST_TEST_CONTEXT("byte " << at) {
      const auto opened = open();
      if (!opened) continue;
      const auto read = (*opened)->read("run");
      if (read) BOOST_TEST((*read == before));
    }
  }
}

BOOST_FIXTURE_TEST_CASE(files_that_are_no_store, folder_fixture) {
  write_file(file, "This is a letter, not a database, and it goes on for a while to be longer than "
                   "a header of one is. Yes.");
  check_open_refused(workflow_errc::store_foreign);
  std::filesystem::remove(file);
  execute("CREATE TABLE theirs (x)");
  check_open_refused(workflow_errc::store_foreign);
  std::filesystem::remove(file);
  execute("PRAGMA application_id = 42; CREATE TABLE theirs (x)");
  check_open_refused(workflow_errc::store_foreign);
}

BOOST_FIXTURE_TEST_CASE(a_newer_store_is_refused, folder_fixture) {
  fill();
  execute("PRAGMA user_version = 99");
  check_open_refused(workflow_errc::store_newer);
}

BOOST_FIXTURE_TEST_CASE(lost_tables_are_found, folder_fixture) {
  fill();
  execute("DROP TABLE events");
  check_open_refused(workflow_errc::store_damaged);
}

BOOST_FIXTURE_TEST_CASE(missing_folder_and_file, folder_fixture) {
  BOOST_TEST((open_sqlite_store(folder.path() / "no" / "troupe.db").error().code ==
              workflow_errc::store_unavailable));
  sqlite_store_options options;
  options.must_exist = true;
  BOOST_TEST((open_sqlite_store(file, options).error().code == workflow_errc::store_unavailable));
}

BOOST_FIXTURE_TEST_CASE(a_locked_file_is_named, folder_fixture) {
  auto one = must_open();
  sqlite3* handle = nullptr;
  BOOST_REQUIRE(sqlite3_open(file.c_str(), &handle) == SQLITE_OK);
  BOOST_REQUIRE(sqlite3_exec(handle, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr) == SQLITE_OK);
  const auto appended = store_conformance::append(*one, store_conformance::batch("x", 0, {"1"}));
  store_conformance::check_refused(appended, workflow_errc::store_busy);
  check_open_refused(workflow_errc::store_busy);
  BOOST_REQUIRE(sqlite3_exec(handle, "ROLLBACK", nullptr, nullptr, nullptr) == SQLITE_OK);
  sqlite3_close(handle);
  BOOST_TEST(store_conformance::append(*one, store_conformance::batch("x", 0, {"1"})).has_value());
}

BOOST_FIXTURE_TEST_CASE(a_full_store_is_named_and_keeps_what_it_had, folder_fixture) {
  auto one = must_open();
  BOOST_REQUIRE(store_conformance::append(*one, store_conformance::batch("x", 0, {"1"})));
  rlimit_file_size small{1u << 20};
  const auto appended = store_conformance::append(
      *one, store_conformance::batch("x", 1, {std::string(std::size_t{8} << 20, 'x')}));
  small.lift();
  BOOST_REQUIRE(!appended);
  BOOST_TEST((appended.error().code == workflow_errc::store_full ||
              appended.error().code == workflow_errc::store_io),
             appended.error().message());
  one.reset();
  BOOST_TEST(must_open()->read("x")->size() == 1u);
}

BOOST_AUTO_TEST_SUITE_END()
