#include "actors/workflow/errors.hpp"
#include "actors/workflow/sqlite_dead_letters.hpp"
#include "tests/actors/workflow/engine_harness.hpp"

#include <sqlite3.h>
#include <string>

using namespace troupe;
using namespace troupe::test;
using namespace troupe::workflow;

BOOST_AUTO_TEST_SUITE(workflow_sqlite_dead_letters)

namespace {

struct letters_fixture {
  temporary_folder folder;
  std::filesystem::path file = folder.path() / "runs.db";
  std::shared_ptr<dead_letter_store> store = sqlite_dead_letters(file, {.most = 3});

  void execute(const std::string& sql) const {
    sqlite3* handle = nullptr;
    BOOST_REQUIRE(sqlite3_open(file.c_str(), &handle) == SQLITE_OK);
    BOOST_TEST(sqlite3_exec(handle, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK);
    sqlite3_close(handle);
  }
  void append(const dead_letter& letter) const {
    const auto kept = store->append(letter);
    BOOST_REQUIRE_MESSAGE(kept, (kept ? "" : kept.error().message()));
  }
  [[nodiscard]] std::string ids(const dead_letter_filter& filter = {}) const {
    std::string all;
    for (const auto& each : must(store->list(filter)))
      all += each.id;
    return all;
  }
};

/// A letter put away `second` seconds after 1970.
dead_letter letter_of(const std::string& id, int second = 0) {
  dead_letter letter;
  letter.id = id;
  letter.time = std::chrono::system_clock::time_point{std::chrono::seconds{second}};
  letter.target = {"files.read", "disk"};
  letter.payload = {"type.googleapis.com/troupe.v1.ReadFileRequest", std::string{"\n\1x\0", 4}};
  letter.size_bytes = letter.payload.bytes.size();
  letter.idempotency_key = "run/step/0";
  letter.why = {"runtime.agent_failed", "it failed", true};
  letter.attempts = 3;
  return letter;
}

} // namespace

BOOST_FIXTURE_TEST_CASE(what_was_put_away_is_found_as_it_was, letters_fixture) {
  const auto put = letter_of("a", 1'700'000'000);
  append(put);
  const auto found = must(sqlite_dead_letters(file)->find("a")); // another one on the same file
  BOOST_REQUIRE(found.has_value());
  BOOST_TEST(found->id == put.id);
  BOOST_TEST((found->time == put.time));
  BOOST_TEST((found->target == put.target));
  BOOST_TEST((found->payload == put.payload));
  BOOST_TEST(found->size_bytes == 4U);
  BOOST_TEST(found->idempotency_key == put.idempotency_key);
  BOOST_TEST(found->why.type == put.why.type);
  BOOST_TEST(found->why.message == put.why.message);
  BOOST_TEST(found->why.retryable);
  BOOST_TEST(found->attempts == 3U);
  BOOST_TEST((found->state == dead_letter_state::waiting));
  BOOST_TEST(!must(store->find("b")).has_value());
}

BOOST_FIXTURE_TEST_CASE(they_are_listed_newest_first_without_their_payloads, letters_fixture) {
  append(letter_of("b", 2));
  append(letter_of("a", 1));
  append(letter_of("c", 3));
  BOOST_TEST(ids() == "cba");
  BOOST_TEST(ids({.limit = 1}) == "c");
  const auto listed = must(store->list({}));
  BOOST_TEST(listed.at(0).payload.bytes.empty());
  BOOST_TEST(listed.at(0).size_bytes == 4U);
}

BOOST_FIXTURE_TEST_CASE(they_are_bounded_and_replayed_ones_go_first, letters_fixture) {
  for (int i = 0; i < 3; ++i)
    append(letter_of(std::string(1, static_cast<char>('a' + i)), i));
  BOOST_TEST(must(store->mark_replayed("b")));
  BOOST_TEST(!must(store->mark_replayed("x")));
  BOOST_TEST(ids({.state = dead_letter_state::replayed}) == "b");
  BOOST_TEST(ids({.state = dead_letter_state::waiting}) == "ca");
  append(letter_of("d", 3));
  BOOST_TEST(ids() == "dca");
  append(letter_of("e", 4));
  BOOST_TEST(ids() == "edc");
  BOOST_TEST(must(store->remove("d")));
  BOOST_TEST(!must(store->remove("d")));
  BOOST_TEST(ids() == "ec");
}

BOOST_FIXTURE_TEST_CASE(they_live_in_the_store_of_the_runs_while_it_is_open, letters_fixture) {
  const auto runs = must(open_sqlite_store(file));
  append(letter_of("a"));
  BOOST_TEST(ids() == "a");
  BOOST_TEST(must(runs->list({})).empty());
}

BOOST_FIXTURE_TEST_CASE(a_file_that_is_not_there_is_not_made_by_reading, letters_fixture) {
  BOOST_TEST((store->list({}).error().code == make_error_code(workflow_errc::store_unavailable)));
  BOOST_TEST(
      (store->remove("a").error().code == make_error_code(workflow_errc::store_unavailable)));
  BOOST_TEST(!std::filesystem::exists(file));
}

BOOST_FIXTURE_TEST_CASE(an_older_file_has_none_and_is_upgraded_by_the_first, letters_fixture) {
  execute(read_file(source_folder() / "tests/actors/workflow/store_v1.sql"));
  BOOST_TEST(ids().empty());
  BOOST_TEST(!must(store->find("a")).has_value());
  append(letter_of("a"));
  BOOST_TEST(ids() == "a");
}

BOOST_FIXTURE_TEST_CASE(damage_is_seen_and_named, letters_fixture) {
  append(letter_of("a"));
  execute("UPDATE dead_letters SET payload = x'00'");
  const auto found = store->find("a");
  BOOST_REQUIRE(!found);
  BOOST_TEST((found.error().code == make_error_code(workflow_errc::store_damaged)));
  BOOST_TEST(found.error().context.find("dead letter a") != std::string::npos);
  BOOST_TEST(must(store->remove("a")), "what is damaged can be discarded");
}

BOOST_AUTO_TEST_SUITE_END()
