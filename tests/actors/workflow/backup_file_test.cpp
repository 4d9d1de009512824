#include "actors/workflow/backup_file.hpp"

#include "actors/workflow/errors.hpp"
#include "tests/support/files.hpp"
#include "tests/support/results.hpp"

#include <boost/test/unit_test.hpp>

using namespace troupe;
using namespace troupe::test;
using namespace troupe::workflow;

BOOST_AUTO_TEST_SUITE(workflow_backup_file)

namespace {

struct file_fixture {
  temporary_folder folder;
  const std::filesystem::path file = folder.path() / "f";
  v1::BackupHeader header;

  file_fixture() { header.set_kind(v1::BACKUP_KIND_BACKUP); }
  [[nodiscard]] result<std::uint64_t> read() const {
    return read_backup(
        file, [](const stored_table&, row&) { return result<void>{}; },
        [](auto, auto) { return result<void>{}; });
  }
};

} // namespace

BOOST_FIXTURE_TEST_CASE(a_file_has_its_name_when_it_is_whole, file_fixture) {
  {
    auto writer = must(backup_writer::create(file, header));
    must(writer.add(table_of(v1::BACKUP_TABLE_BLOBS), {std::string{"h"}, std::string{"b"}}));
    must(writer.mark());
    BOOST_TEST(!std::filesystem::exists(file));
  }
  BOOST_TEST(std::filesystem::is_empty(folder.path()));
  auto writer = must(backup_writer::create(file, header));
  must(writer.add(table_of(v1::BACKUP_TABLE_BLOBS), {std::string{"h"}, std::string{"b"}}));
  must(writer.finish());
  BOOST_TEST(must(read()) == 1u);
  BOOST_TEST(writer.size_bytes() == std::filesystem::file_size(file));
  const auto mode = std::filesystem::status(file).permissions();
  BOOST_TEST(((mode & std::filesystem::perms::others_all) == std::filesystem::perms::none));
}

BOOST_FIXTURE_TEST_CASE(rows_that_are_none_of_their_table_are_refused, file_fixture) {
  const std::vector<std::pair<const char*, row>> rows{
      {"too few cells", {std::string{"h"}}},
      {"a number for bytes", {std::int64_t{1}, std::string{"b"}}},
      {"nothing", {}}};
  for (const auto& [what, wrong] : rows) {
    auto writer = must(backup_writer::create(file, header));
    must(writer.add(table_of(v1::BACKUP_TABLE_BLOBS), wrong));
    must(writer.finish());
    const auto refused = read();
    BOOST_TEST(!refused, what);
    if (!refused) BOOST_TEST((refused.error().code == workflow_errc::bad_backup));
  }
}

BOOST_FIXTURE_TEST_CASE(two_do_not_write_one_file, file_fixture) {
  header.set_kind(v1::BACKUP_KIND_ARCHIVE);
  for (int i = 0; i < 2; ++i) { // made, then gone on with
    auto writer = must(backup_writer::append_to(file, header));
    const auto other = backup_writer::append_to(file, header);
    BOOST_REQUIRE(!other);
    BOOST_TEST((other.error().code == workflow_errc::store_busy), other.error().message());
    must(writer.add(table_of(v1::BACKUP_TABLE_BLOBS), {std::string{"h"}, std::string{"b"}}));
    must(writer.mark());
  }
  BOOST_TEST(must(read()) == 2u);
}

BOOST_FIXTURE_TEST_CASE(what_is_no_file_is_named, file_fixture) {
  BOOST_TEST((read().error().code == workflow_errc::store_unavailable));
  std::filesystem::create_directory(file);
  BOOST_TEST((read().error().code == workflow_errc::store_unavailable));
  BOOST_TEST(!backup_writer::create(folder.path() / "no" / "f", header));
}

BOOST_FIXTURE_TEST_CASE(a_length_beyond_the_file_is_refused, file_fixture) {
  const auto refused = [&](const std::string& frame, const char* why) {
    write_file(file, "troupe backup 1\n" + frame);
    const auto outcome = read();
    BOOST_REQUIRE(!outcome);
    BOOST_TEST(outcome.error().context.find(why) != std::string::npos, outcome.error().context);
  };
  refused({"\xff\xff\xff\xff\0\0\0\0", 8}, "a record is too long");
  refused({"\xff\0\0\0\0\xff\xff\xff", 8}, "is cut off");
  refused({"\xff\xff\xff\xff\xff\xff\xff\xff", 8}, "a length is not what was written");
}

BOOST_AUTO_TEST_SUITE_END()
