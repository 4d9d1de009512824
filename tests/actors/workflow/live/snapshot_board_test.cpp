#include "actors/workflow/live/snapshot_board.hpp"

#include "actors/workflow/live/snapshot_codec.hpp"
#include "tests/actors/workflow/live/snapshots.hpp"
#include "tests/actors/workflow/store_place.hpp"
#include "tests/support/results.hpp"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <fstream>

using namespace troupe;
using namespace troupe::test;
using namespace troupe::workflow;

BOOST_AUTO_TEST_SUITE(workflow_snapshot_board)

namespace {

namespace fs = std::filesystem;

/// A store with what is posted beside it.
struct posting_place {
  explicit posting_place(store_kind which) : kind(which), place(make_place(which)) {
    (void)must(place->open());
  }
  [[nodiscard]] std::unique_ptr<snapshot_board> board(bool to_read) const {
    if (kind == store_kind::sqlite)
      return open_file_board(dynamic_cast<const sqlite_place&>(*place).file());
    return open_postgres_board(dynamic_cast<const postgres_place&>(*place).address(), to_read);
  }
  void post(snapshot_board& on, const std::string& owner) const {
    must(on.post(owner, encode_snapshot(snapshot_of(owner))));
  }
  [[nodiscard]] std::vector<std::string> owners() const {
    std::vector<std::string> made;
    const auto found = must(board(true)->read());
    for (const auto& each : found.nodes)
      made.push_back(each.what.owner);
    return made;
  }

  store_kind kind;
  std::unique_ptr<store_place> place;
};

const fs::path& file_of(const posting_place& of) {
  return dynamic_cast<const sqlite_place&>(*of.place).file();
}

using owner_names = std::vector<std::string>;

} // namespace

BOOST_DATA_TEST_CASE(what_is_posted_is_read_and_goes_with_its_owner,
                     boost::unit_test::data::make(store_kinds), kind) {
  const posting_place at{kind};
  BOOST_TEST(at.owners().empty()); // nobody ever posted
  const auto one = at.board(false), two = at.board(false);
  at.post(*one, "one");
  at.post(*two, "two");
  at.post(*one, "one");
  BOOST_TEST(at.owners() == (owner_names{"one", "two"}), boost::test_tools::per_element());
  const auto read = must(at.board(true)->read());
  BOOST_TEST((read.nodes[0].what == snapshot_of("one")));
  BOOST_TEST((read.nodes[0].age < snapshot_lifetime));
  one->remove("one");
  BOOST_TEST(at.owners() == owner_names{"two"}, boost::test_tools::per_element());
  two->remove("two");
  BOOST_TEST(at.owners().empty());
}

BOOST_DATA_TEST_CASE(what_cannot_be_read_is_said_and_the_others_are_read,
                     boost::unit_test::data::make(store_kinds), kind) {
  const posting_place at{kind};
  const auto board = at.board(false);
  at.post(*board, "good");
  must(board->post("bad", "nonsense"));
  must(board->post("liar", encode_snapshot(snapshot_of("somebody"))));
  const auto read = must(at.board(true)->read());
  BOOST_TEST(at.owners() == owner_names{"good"}, boost::test_tools::per_element());
  BOOST_REQUIRE(read.unreadable.size() == 2u);
  const std::string both = read.unreadable[0] + read.unreadable[1];
  BOOST_TEST(both.find("bad: ") != std::string::npos);
  BOOST_TEST(both.find("another owner") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(what_is_old_is_passed_over_and_taken_away) {
  const posting_place at{store_kind::sqlite};
  const auto board = at.board(false);
  at.post(*board, "killed");
  at.post(*board, "alive");
  const fs::path folder = file_of(at).string() + "-live";
  fs::last_write_time(folder / "killed", fs::file_time_type::clock::now() - std::chrono::hours{1});
  BOOST_TEST(at.owners() == owner_names{"alive"}, boost::test_tools::per_element());
  board->remove("alive");
  BOOST_TEST(!fs::exists(folder)); // nothing is left beside the store
}

BOOST_AUTO_TEST_CASE(old_rows_are_passed_over_and_taken_away) {
  const posting_place at{store_kind::postgres};
  const auto board = at.board(false);
  at.post(*board, "killed");
  at.post(*board, "alive");
  at.place->execute("UPDATE node_snapshots SET posted_us = 0 WHERE owner = 'killed'");
  BOOST_TEST(at.owners() == owner_names{"alive"}, boost::test_tools::per_element());
  board->remove("nobody");
  const auto& place = dynamic_cast<const postgres_place&>(*at.place);
  BOOST_TEST(place.server.query("SELECT count(*) FROM " + place.schema + ".node_snapshots") == "1");
}

BOOST_AUTO_TEST_CASE(the_table_may_go_and_the_server_may_end_the_session) {
  const posting_place at{store_kind::postgres};
  const auto board = at.board(false);
  at.post(*board, "one");
  at.place->execute("DROP TABLE node_snapshots");
  BOOST_TEST(!board->post("one", "x").has_value());
  at.post(*board, "one"); // made again
  at.place->execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> "
                    "pg_backend_pid() AND query LIKE '%node_snapshots%'");
  at.post(*board, "one"); // on another connection
  BOOST_TEST(at.owners() == owner_names{"one"}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(what_others_put_into_the_folder_is_not_followed) {
  const posting_place at{store_kind::sqlite};
  const auto board = at.board(false);
  at.post(*board, "good");
  const fs::path folder = file_of(at).string() + "-live";
  fs::create_symlink("/dev/zero", folder / "endless");
  fs::create_directory(folder / "folder");
  std::ofstream{folder / ".hidden"} << "x";
  std::ofstream{folder / "large"} << std::string(most_snapshot_bytes + 100, 'x');
  const auto read = must(at.board(true)->read());
  BOOST_REQUIRE(read.nodes.size() == 1u);
  BOOST_TEST(read.nodes[0].what.owner == "good");
  board->remove("good");
  BOOST_TEST(fs::exists(folder / "folder"));
}

BOOST_AUTO_TEST_CASE(a_place_that_cannot_be_written_is_said) {
  const auto board = open_file_board("/proc/nothing/runs.db");
  const auto posted = board->post("one", "x");
  BOOST_REQUIRE(!posted);
  BOOST_TEST(posted.error().message().find("/proc/nothing") != std::string::npos);
  BOOST_TEST(must(board->read()).nodes.empty());
}

BOOST_AUTO_TEST_SUITE_END()
