#include "actors/workflow/postgres/endpoint.hpp"
#include "tests/actors/workflow/store_conformance.hpp"
#include "tests/actors/workflow/store_place.hpp"
#include "tests/support/results.hpp"

#include <pqxx/connection>
#include <pqxx/nontransaction>
#include <thread>

using namespace troupe;
using namespace troupe::test;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(workflow_postgres_store)

namespace {

using conformance = store_conformance;
using ids = std::vector<std::string>;

template <class T>
void check_refused(const result<T>& outcome, workflow_errc code, const std::string& words) {
  conformance::check_refused(outcome, code);
  if (!outcome)
    BOOST_TEST(outcome.error().context.find(words) != std::string::npos, outcome.error().context);
}

struct place_fixture : postgres_place {
  [[nodiscard]] std::unique_ptr<store> must_open() const { return must(open(clock::now())); }
  [[nodiscard]] result<std::unique_ptr<store>> open_with(const postgres_store_options& how) const {
    return open_postgres_store(address(), how);
  }
  void check_open_refused(workflow_errc code, const std::string& words) const {
    check_refused(open(clock::now()), code, words);
  }
  /// Two runs of five events, each with a signal.
  void fill() const {
    auto one = must_open();
    for (const char* run : {"run", "other"}) {
      must(conformance::append(
          *one,
          conformance::batch(run, 0, {"event 0", "event 1", "event 2", "event 3", "event 4"})));
      must(one->request_signal({std::string{"to-"} + run, run, "approve", "any"}, clock::now()));
    }
  }
};

/// Something that happens to rows, and what is said then.
struct damage {
  const char* sql;
  const char* words;
};

constexpr const char* run_1 = "(SELECT number FROM runs WHERE run_id = 'run')";

const std::vector<damage> damages_of_runs{
    {"UPDATE events SET bytes = '\\x00' WHERE run = {} AND number = 3",
     "event 3 of run 'run' is not what was written"},
    {"UPDATE events SET bytes = 'event 0' WHERE run = {} AND number = 2",
     "event 2 of run 'run' is not what was written"},
    {"DELETE FROM events WHERE run = {} AND number = 2", "event 2 of run 'run' is missing"},
    {"DELETE FROM events WHERE run = {} AND number = 5", "event 5 of run 'run' is missing"},
    {"UPDATE events SET number = number + 100 WHERE run = {} AND number < 3; UPDATE events SET "
     "number = 103 - number WHERE run = {} AND number > 100",
     "event 1 of run 'run' is not what was written"},
    {"UPDATE events SET (bytes, checksum) = (SELECT bytes, checksum FROM events WHERE run <> {} "
     "AND number = 2) WHERE run = {} AND number = 2",
     "event 2 of run 'run' is not what was written"},
    {"INSERT INTO events SELECT run, 6, bytes, checksum FROM events WHERE run = {} AND number = 5",
     "event 6 of run 'run' is behind its end"},
    {"UPDATE runs SET status = 2 WHERE number = {}",
     "the entry of run 'run' is not what was written"},
    {"UPDATE runs SET version = 4 WHERE number = {}",
     "the entry of run 'run' is not what was written"},
    {"UPDATE runs SET number = 4711 WHERE number = {}",
     "the entry of run 'run' is not what was written"},
};

const std::vector<damage> damages_of_signals{
    {"UPDATE signal_requests SET payload = '\\x00' WHERE id = 'to-run'",
     "signal 'to-run' of run 'run'"},
    {"UPDATE signal_requests SET payload = '' WHERE id = 'to-other'",
     "signal 'to-other' of run 'other'"},
    {"UPDATE signal_requests SET name = 'refuse' WHERE id = 'to-run'",
     "signal 'to-run' of run 'run'"},
    {"UPDATE signal_requests SET run_id = 'other' WHERE id = 'to-run'",
     "signal 'to-run' of run 'other'"},
    {"UPDATE signal_requests SET id = 'new' WHERE id = 'to-run'", "signal 'new' of run 'run'"},
    {"UPDATE signal_requests SET time_ms = time_ms + 1 WHERE id = 'to-run'",
     "signal 'to-run' of run 'run'"},
    {"UPDATE signal_requests SET number = number + 100 WHERE id = 'to-run'",
     "signal 'to-run' of run 'run'"},
};

std::string with_run(std::string sql) {
  for (auto at = sql.find("{}"); at != std::string::npos; at = sql.find("{}"))
    sql.replace(at, 2, run_1);
  return sql;
}

} // namespace

// --- damage --------------------------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(damage_is_named_run_by_run) {
  for (const damage& each : damages_of_runs)
    BOOST_TEST_CONTEXT(each.sql) {
      const place_fixture place;
      place.fill();
      place.execute(with_run(each.sql));
      auto one = place.must_open();
      check_refused(one->read("run"), workflow_errc::store_damaged, each.words);
      BOOST_TEST(one->read("other").has_value()); // the others can still be used
    }
}

BOOST_AUTO_TEST_CASE(a_damaged_signal_is_named_and_can_be_let_go_of) {
  for (const damage& each : damages_of_signals)
    BOOST_TEST_CONTEXT(each.sql) {
      const place_fixture place;
      place.fill();
      place.execute(each.sql);
      auto one = place.must_open();
      check_refused(one->signal_requests(), workflow_errc::store_damaged,
                    std::string{each.words} + " is not what was written");
      BOOST_TEST(one->read("run").has_value());
      must(one->drop_signals(ids{"to-run", "new", "to-other"}));
      BOOST_TEST(conformance::kept_signals(*one).empty());
    }
}

BOOST_FIXTURE_TEST_CASE(a_damaged_wish_to_cancel_is_none, place_fixture) {
  fill();
  auto one = must_open();
  must(one->request_cancel({"run", "why"}, clock::now()));
  execute("UPDATE cancel_requests SET run_id = 'other'");
  BOOST_TEST(must(one->cancel_requests()).empty());
}

// --- schemas -------------------------------------------------------------------------------------

BOOST_FIXTURE_TEST_CASE(a_schema_of_others_is_left_alone, place_fixture) {
  server.execute("CREATE SCHEMA " + schema);
  { auto made = must_open(); } // an empty one is taken
  server.execute("DROP SCHEMA " + schema + " CASCADE; CREATE SCHEMA " + schema);
  execute("CREATE TABLE theirs (x int)");
  check_open_refused(workflow_errc::store_foreign, "?schema=NAME");
  execute("CREATE TABLE store_format (version int)");
  check_open_refused(workflow_errc::store_foreign, "belongs to another program");
  execute("DROP TABLE store_format; CREATE TABLE store_format (application text, format int); "
          "INSERT INTO store_format VALUES ('another', 1)");
  check_open_refused(workflow_errc::store_foreign, "belongs to another program");
  BOOST_TEST(server.query("SELECT count(*) FROM pg_class WHERE relname = 'runs' AND relnamespace = "
                          "'" +
                          schema + "'::regnamespace") == "0");
}

BOOST_FIXTURE_TEST_CASE(a_newer_format_is_refused_and_left_alone, place_fixture) {
  fill();
  execute("UPDATE store_format SET format = 99");
  check_open_refused(workflow_errc::store_newer, "use a newer troupe");
  postgres_store_options reading;
  reading.read_only = true;
  check_refused(open_with(reading), workflow_errc::store_newer, "has format 99");
  execute("UPDATE store_format SET format = 0");
  check_open_refused(workflow_errc::store_damaged, "a format that never was");
}

BOOST_FIXTURE_TEST_CASE(lost_tables_are_found, place_fixture) {
  fill();
  execute("DROP TABLE events");
  check_open_refused(workflow_errc::store_damaged, "lacks tables");
}

BOOST_FIXTURE_TEST_CASE(a_table_that_goes_meanwhile_is_named, place_fixture) {
  fill();
  auto one = must_open();
  execute("DROP TABLE events");
  check_refused(one->read("run"), workflow_errc::store_damaged, "restore the schema from a backup");
}

BOOST_FIXTURE_TEST_CASE(a_store_that_must_exist_is_not_made, place_fixture) {
  postgres_store_options options;
  options.must_exist = true;
  check_refused(open_with(options), workflow_errc::store_unavailable, "is not there");
  options = {};
  options.read_only = true;
  check_refused(open_with(options), workflow_errc::store_unavailable, "is not there");
  BOOST_TEST(server.query("SELECT count(*) FROM pg_namespace WHERE nspname = '" + schema + "'") ==
             "0");
}

BOOST_FIXTURE_TEST_CASE(schemas_know_nothing_of_each_other, place_fixture) {
  const place_fixture another;
  auto one = must_open();
  auto two = another.must_open();
  for (store* each : {one.get(), two.get()})
    must(conformance::append(*each, conformance::batch("run", 0, {"1"})));
  must(conformance::append(*one, conformance::batch("run", 1, {"2"})));
  BOOST_TEST(must(one->read("run")).size() == 2u);
  BOOST_TEST(must(two->read("run")).size() == 1u);
}

BOOST_FIXTURE_TEST_CASE(reading_alone_changes_nothing, place_fixture) {
  fill();
  postgres_store_options options;
  options.read_only = true;
  auto reading = must(open_with(options));
  BOOST_TEST(reading->owner() == "");
  BOOST_TEST(must(reading->read("run")).size() == 5u);
  BOOST_TEST(must(reading->list({})).size() == 2u);
  const auto now = clock::now();
  const char* words = "is open for reading only";
  check_refused(conformance::append(*reading, conformance::batch("x", 0, {"1"})),
                workflow_errc::store_unavailable, words);
  check_refused(reading->claim("run", now), workflow_errc::store_unavailable, words);
  check_refused(reading->release("run"), workflow_errc::store_unavailable, words);
  check_refused(reading->renew(now), workflow_errc::store_unavailable, words);
  check_refused(reading->request_cancel({"run", ""}, now), workflow_errc::store_unavailable, words);
  check_refused(reading->request_signal({"1", "run", "n", ""}, now),
                workflow_errc::store_unavailable, words);
  check_refused(reading->signal_requests(), workflow_errc::store_unavailable, words);
  check_refused(reading->drop_signals(ids{"1"}), workflow_errc::store_unavailable, words);
  BOOST_TEST(server.query("SELECT count(*) FROM " + schema + ".owners") == "0");
}

// --- owners --------------------------------------------------------------------------------------

BOOST_FIXTURE_TEST_CASE(an_owner_that_was_dropped_is_told, place_fixture) {
  auto one = must_open();
  must(conformance::append(*one, conformance::batch("run", 0, {"1"})));
  execute("DELETE FROM owners");
  check_refused(conformance::append(*one, conformance::batch("run", 1, {"2"})),
                workflow_errc::ownership_lost, "no longer known");
  check_refused(one->renew(clock::now()), workflow_errc::ownership_lost, "no longer known");
}

BOOST_FIXTURE_TEST_CASE(owners_nobody_has_heard_of_for_a_day_are_dropped, place_fixture) {
  execute("SELECT 1"); // the schema is made by the first
  auto one = must_open();
  execute("INSERT INTO owners VALUES ('long-gone', 17, 0, 0)");
  auto two = must_open();
  BOOST_TEST(server.query("SELECT count(*) FROM " + schema + ".owners WHERE owner = 'long-gone'") ==
             "0");
  // One whose session is there stays, however late it is.
  execute("UPDATE owners SET expires_us = 0");
  auto three = must_open();
  BOOST_TEST(server.query("SELECT count(*) FROM " + schema + ".owners") == "3");
}

// --- servers and addresses -----------------------------------------------------------------------

BOOST_FIXTURE_TEST_CASE(a_server_that_may_lose_what_it_has_is_refused, place_fixture) {
  const auto set = [this](const std::string& to) {
    server.execute("ALTER SYSTEM SET full_page_writes = " + to);
    server.execute("SELECT pg_reload_conf()");
    const auto last = std::chrono::steady_clock::now() + 10s;
    while (server.query("SHOW full_page_writes") != to && std::chrono::steady_clock::now() < last)
      std::this_thread::yield();
  };
  set("off");
  check_open_refused(workflow_errc::store_unavailable, "runs with full_page_writes=off");
  check_open_refused(workflow_errc::store_unavailable, "unsafe_server=allow");
  BOOST_TEST(open_postgres_store(address() + "&unsafe_server=allow").has_value());
  postgres_store_options options;
  options.allow_unsafe_server = true;
  BOOST_TEST(open_with(options).has_value());
  options = {};
  options.read_only = true;
  BOOST_TEST(open_with(options).has_value());
  set("on");
  BOOST_TEST(open(clock::now()).has_value());
}

BOOST_FIXTURE_TEST_CASE(settings_of_the_database_change_nothing, place_fixture) {
  server.execute("ALTER ROLE postgres SET synchronous_commit = off; "
                 "ALTER ROLE postgres SET default_transaction_isolation = 'serializable'; "
                 "ALTER ROLE postgres SET default_transaction_read_only = on; "
                 "ALTER ROLE postgres SET bytea_output = 'escape'; "
                 "ALTER ROLE postgres SET client_encoding = 'LATIN1'");
  {
    auto one = must_open();
    const std::string odd{"\0\xff\\\n", 4};
    must(conformance::append(*one, conformance::batch("run", 0, {odd})));
    BOOST_TEST(must(one->read("run")).front() == odd);
  }
  pqxx::connection plain{server.plain_address()};
  pqxx::nontransaction sender{plain};
  sender.exec("SET default_transaction_read_only = off");
  sender.exec("ALTER ROLE postgres RESET ALL");
}

BOOST_FIXTURE_TEST_CASE(a_locked_table_is_named, place_fixture) {
  postgres_store_options options;
  options.lock_timeout = 200ms;
  auto one = must(open_with(options));
  must(conformance::append(*one, conformance::batch("x", 0, {"1"})));
  {
    pqxx::connection theirs{server.plain_address()};
    pqxx::nontransaction other{theirs};
    other.exec("BEGIN; LOCK TABLE " + schema + ".runs");
    check_refused(conformance::append(*one, conformance::batch("x", 1, {"2"})),
                  workflow_errc::store_busy, "another session holds a lock");
  }
  must(conformance::append(*one, conformance::batch("x", 1, {"2"})));
}

BOOST_FIXTURE_TEST_CASE(who_may_not_is_told_what_to_grant, place_fixture) {
  server.execute("DROP ROLE IF EXISTS guest; CREATE ROLE guest LOGIN PASSWORD 'guest-secret'");
  const auto theirs = server.address_with("guest", "guest-secret") + "?schema=" + schema;
  check_refused(open_postgres_store(theirs), workflow_errc::store_unavailable,
                "GRANT CREATE ON DATABASE");
  fill();
  check_refused(open_postgres_store(theirs), workflow_errc::store_unavailable,
                "GRANT USAGE ON SCHEMA");
}

BOOST_FIXTURE_TEST_CASE(no_message_has_a_password, place_fixture) {
  const std::string secret = "s3cr%20et";
  for (const std::string& address :
       {server.address_with("postgres", secret), server.address_with("nobody", secret),
        "postgresql://postgres:" + secret + "@127.0.0.1:1/postgres",
        "postgresql://postgres:" + secret + "@[::1/postgres", // no end of the host
        "postgresql://postgres@127.0.0.1:1/postgres?password=" + secret + "&nonsense=" + secret,
        "postgresql://postgres:" + secret + "@host.invalid/postgres"}) {
    const auto refused = open_postgres_store(address);
    conformance::check_refused(refused, workflow_errc::store_unavailable);
    if (refused) continue;
    for (const char* part : {"s3cr", "%20et"})
      BOOST_TEST(refused.error().message().find(part) == std::string::npos,
                 refused.error().message());
  }
}

BOOST_AUTO_TEST_CASE(addresses_that_libpq_would_misread_are_refused) {
  using postgres::endpoint;
  for (const char* address :
       {"", "mysql://u@h/d", "postgresql:/u@h/d", "postgresql://u:pa/ss@h/d",
        "postgresql://u:p@ss@h/d", "postgresql://u:p?ss@h/d", "postgresql://u@h/d?schema=Big",
        "postgresql://u@h/d?schema=", "postgresql://u@h/d?schema=pg_x",
        "postgresql://u@h/d?schema=a%22b", "postgresql://u@h/d?schema=1a",
        "postgresql://u@h/d?unsafe_server=yes"})
    BOOST_TEST_CONTEXT(address) {
      const auto refused = endpoint::parse(address, "troupe");
      BOOST_REQUIRE(!refused);
      BOOST_TEST((refused.error().code == workflow_errc::store_unavailable));
      BOOST_TEST(refused.error().context.find("the form is postgresql://") != std::string::npos);
      BOOST_TEST(refused.error().context.find("ss@h") == std::string::npos);
    }
}

BOOST_AUTO_TEST_CASE(an_address_is_taken_apart) {
  const auto at = must(postgres::endpoint::parse(
      "postgres://u:p%40ss@h:5433/d?sslmode=verify-full&schema=mine&unsafe_server=allow",
      "troupe"));
  BOOST_TEST(at.shown() == "postgres://u@h:5433/d?schema=mine");
  BOOST_TEST(at.schema() == "mine");
  BOOST_TEST(at.allows_unsafe_server());
  BOOST_TEST(at.connection_string().starts_with("postgres://u:p%40ss@h:5433/d?connect_timeout="));
  BOOST_TEST(at.connection_string().ends_with("&sslmode=verify-full")); // the address's own count
  BOOST_TEST(at.redact("no p@ss, no p%40ss") == "no ***, no ***");
  BOOST_TEST(must(postgres::endpoint::parse("postgresql:///d", "mine")).schema() == "mine");
  BOOST_TEST(shown_postgres_address("postgresql://u:secret@h/d?password=x") ==
             "postgresql://u@h/d");
  BOOST_TEST(is_postgres_address("postgres://"));
  BOOST_TEST(!is_postgres_address("sqlite:postgres://"));
}

BOOST_AUTO_TEST_SUITE_END()
