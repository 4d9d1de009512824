#include "actors/workflow/errors.hpp"
#include "actors/workflow/sqlite_dead_letters.hpp"
#include "tests/actors/workflow/engine_harness.hpp"
#include "tests/actors/workflow/letters.hpp"

#include <sqlite3.h>
#include <string>

using namespace troupe;
using namespace troupe::test;
using namespace troupe::workflow;

BOOST_AUTO_TEST_SUITE(workflow_sqlite_dead_letters)

namespace {

struct letters_fixture : letters {
  temporary_folder folder;
  std::filesystem::path file = folder.path() / "runs.db";

  letters_fixture() { store = sqlite_dead_letters(file, {.most = 3}); }

  void execute(const std::string& sql) const {
    sqlite3* handle = nullptr;
    BOOST_REQUIRE(sqlite3_open(file.c_str(), &handle) == SQLITE_OK);
    BOOST_TEST(sqlite3_exec(handle, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK);
    sqlite3_close(handle);
  }
};

} // namespace

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
