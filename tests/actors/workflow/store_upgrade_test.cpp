#include "actors/workflow/store_backup.hpp"
#include "tests/actors/workflow/engine_harness.hpp"
#include "tests/actors/workflow/store_conformance.hpp"
#include "tests/actors/workflow/store_filling.hpp"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <pqxx/connection>
#include <pqxx/nontransaction>
#include <regex>

using namespace troupe;
using namespace troupe::test;

/// Schemas of PostgreSQL as earlier builds left them.
BOOST_AUTO_TEST_SUITE(workflow_store_upgrade)

namespace {

struct old_schema : postgres_place {
  explicit old_schema(int recorded_format = 1) {
    const std::string recorded =
        read_file(source_folder() / "tests/actors/workflow" /
                  ("store_postgres_v" + std::to_string(recorded_format) + ".sql"));
    server.execute(std::regex_replace(recorded, std::regex{"\\brecorded\\b"}, schema));
  }
  [[nodiscard]] std::string format() const {
    return server.query("SELECT format FROM " + schema + ".store_format");
  }
};

/// Every column and index.
std::string shape_of(const postgres_place& of) {
  return of.server.query(
      "SELECT string_agg(line, '|' ORDER BY line) FROM (SELECT table_name || '.' || column_name || "
      "' ' || data_type AS line FROM information_schema.columns WHERE table_schema = '" +
      of.schema + "' UNION ALL SELECT replace(indexdef, '" + of.schema +
      ".', '') FROM pg_indexes WHERE schemaname = '" + of.schema + "') AS lines");
}

} // namespace

const auto older_schemas = boost::unit_test::data::xrange(1, 3);

BOOST_DATA_TEST_CASE(an_older_schema_becomes_like_a_new_one, older_schemas, recorded) {
  const old_schema old{recorded};
  BOOST_TEST(old.format() == std::to_string(recorded));
  must(old.open(at(0)));
  BOOST_TEST(old.format() == "3");
  const postgres_place other;
  must(other.open(at(0)));
  BOOST_TEST(shape_of(old) == shape_of(other));
}

BOOST_DATA_TEST_CASE(runs_of_an_older_schema_go_on, older_schemas, recorded) {
  const old_schema old{recorded};
  engine_harness engine{must(old.open(at(0)))};
  BOOST_TEST(must(engine.core->list({})).size() == 2u);
  BOOST_TEST(engine.summary("finished").status() == v1::RUN_STATUS_COMPLETED);
  BOOST_TEST(must(engine.core->recover()).runs.size() == 1u);
  engine.go_on();
  // The signal was kept for it.
  BOOST_TEST(engine.summary("waiting").status() == v1::RUN_STATUS_COMPLETED);
  BOOST_TEST(check(old).is_good());
}

BOOST_FIXTURE_TEST_CASE(an_older_schema_is_read_as_it_is, old_schema) {
  const auto reading = must(open_to_read());
  BOOST_TEST(must(reading->list({})).size() == 2u);
  BOOST_TEST(must(reading->read("finished")).size() == 4u);
  run_filter tagged;
  tagged.tags = {{"k", "v"}};
  BOOST_TEST(must(reading->list(tagged)).empty());
  const auto found = check(*this);
  BOOST_TEST(found.is_good(), damages_of(found));
  BOOST_TEST(found.events == 6u);
  const temporary_folder folder;
  const auto made = must(back_up(*must(open_rows(true)), folder.path() / "old.backup", {}));
  BOOST_TEST(made.rows.at("events") == 6u);
  BOOST_TEST(made.damaged == 0u);
  BOOST_TEST(format() == "1");
}

BOOST_FIXTURE_TEST_CASE(an_older_schema_in_use_is_not_upgraded, old_schema) {
  // The owner that the recording has is alive as long as somebody holds its lock.
  const auto lock = server.query("SELECT session FROM " + schema + ".owners");
  server.execute("UPDATE " + schema + ".owners SET expires_us = 9000000000000000");
  pqxx::connection holder{server.plain_address()};
  pqxx::nontransaction{holder}.exec("SELECT pg_advisory_lock(" + lock + ")");
  store_conformance::check_refused(open(at(0)), workflow_errc::store_busy);
  BOOST_TEST(format() == "1");
}

BOOST_FIXTURE_TEST_CASE(an_upgrade_that_fails_leaves_the_old_format, old_schema) {
  execute("CREATE TABLE blobs (x int)"); // in the way
  BOOST_TEST(!open(at(0)));
  BOOST_TEST(format() == "1");
  execute("DROP TABLE blobs");
  BOOST_TEST(open(at(0)).has_value());
}

BOOST_AUTO_TEST_SUITE_END()
