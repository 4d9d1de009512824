#include "actors/agents/files.hpp"

#include "actors/agents/posix.hpp"
#include "tests/support/files.hpp"

#include <atomic>
#include <boost/test/unit_test.hpp>
#include <cerrno>
#include <fcntl.h>
#include <iterator>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace troupe::agents {
namespace {

namespace fs = std::filesystem;
using test::read_file;
using test::temporary_folder;

void put(const fs::path& path, const std::string& text) {
  test::write_file(path, text);
}

template <class T>
std::string type_of(const reply<T>& answer) {
  return answer ? "none" : answer.error().type;
}

std::string names(const reply<std::vector<listed_file>>& files) {
  std::string out = type_of(files) == "none" ? "" : type_of(files);
  if (files)
    for (const auto& file : *files)
      out += file.name + ":" + std::to_string(file.size_bytes) + " ";
  return out;
}

BOOST_AUTO_TEST_SUITE(files)

BOOST_AUTO_TEST_CASE(list_matches_and_sorts) {
  const temporary_folder folder;
  put(folder.path() / "b.txt", "12");
  put(folder.path() / "a.md", "1");
  put(folder.path() / "B.txt", "");
  put(folder.path() / "c.pdf", "x");
  put(folder.path() / ".hidden.txt", "x");
  put(folder.path() / "sub/d.txt", "123");
  put(folder.path() / "sub.txt/e.txt", "1");
  fs::create_symlink(folder.path() / "b.txt", folder.path() / "link.txt");
  fs::create_directory_symlink(folder.path(), folder.path() / "loop");
  BOOST_TEST(names(list_files(folder.path(), {})) == "B.txt:0 a.md:1 b.txt:2 ");
  BOOST_TEST(names(list_files(folder.path(), {{}, true})) ==
             "B.txt:0 a.md:1 b.txt:2 sub.txt/e.txt:1 sub/d.txt:3 ");
  BOOST_TEST(names(list_files(folder.path(), {{"*.pdf", "b.*"}, false})) == "b.txt:2 c.pdf:1 ");
  BOOST_TEST(names(list_files(folder.path(), {{".*"}, false})) == ".hidden.txt:1 ");
  BOOST_TEST(names(list_files(folder.path(), {{"*.none"}, true})) == "");
  const auto files = list_files(folder.path().string() + "/", {{"a.md"}, false});
  BOOST_REQUIRE(files);
  BOOST_TEST(read_file(files->at(0).path) == "1");
}

BOOST_AUTO_TEST_CASE(list_refuses) {
  const temporary_folder folder;
  put(folder.path() / "a.txt", "");
  BOOST_TEST(type_of(list_files("", {})) == "files.bad_request");
  BOOST_TEST(type_of(list_files(folder.path() / "none", {})) == "files.not_found");
  BOOST_TEST(type_of(list_files(folder.path() / "a.txt", {})) == "files.not_a_folder");
  const auto missing = list_files(folder.path() / "none", {});
  BOOST_TEST(missing.error().message.find("none") != std::string::npos);
  BOOST_TEST(missing.error().message.find("No such file") != std::string::npos);
  put(folder.path() / "\xff.txt", "");
  BOOST_TEST(type_of(list_files(folder.path(), {})) == "files.bad_name");
  BOOST_TEST(names(list_files(folder.path(), {{"a*"}, false})) == "a.txt:0 ");
}

BOOST_AUTO_TEST_CASE(read_repairs_utf8) {
  const temporary_folder folder;
  const auto path = folder.path() / "a.txt";
  put(path, "a\xff\xfe z\xc3");
  const auto file = read_text_file(path, 0);
  BOOST_REQUIRE(file);
  BOOST_TEST(file->text == "a\uFFFD\uFFFD z\uFFFD");
  BOOST_TEST(file->size_bytes == 6U);
  BOOST_TEST(file->replaced_sequences == 3U);
  put(path, "\xef\xbb\xbfz");
  BOOST_TEST(read_text_file(path, 0)->text == "\uFEFFz");
  put(path, "");
  BOOST_TEST(read_text_file(path, 0)->text.empty());
}

BOOST_AUTO_TEST_CASE(read_refuses) {
  const temporary_folder folder;
  const auto path = folder.path() / "a.txt";
  put(path, std::string(1000, 'a'));
  BOOST_TEST(type_of(read_text_file(path, 1000)) == "none");
  BOOST_TEST(type_of(read_text_file(path, 999)) == "files.too_large");
  BOOST_TEST(type_of(read_text_file("", 0)) == "files.bad_request");
  BOOST_TEST(type_of(read_text_file(folder.path() / "none", 0)) == "files.not_found");
  BOOST_TEST(type_of(read_text_file(folder.path(), 0)) == "files.not_a_file");
  BOOST_TEST(type_of(read_text_file(path / "x", 0)) == "files.not_a_folder");
  BOOST_TEST(type_of(read_text_file(folder.path() / std::string(300, 'n'), 0)) == "files.bad_name");
  put(path, std::string{"a\0b", 3});
  BOOST_TEST(type_of(read_text_file(path, 0)) == "files.binary");
  const auto pipe = folder.path() / "pipe";
  BOOST_REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  BOOST_TEST(type_of(read_text_file(pipe, 0)) == "files.not_a_file");
  // A device of unstated, endless size; and one that the size bound cannot see beforehand.
  BOOST_TEST(type_of(read_text_file("/dev/zero", 0)) == "files.not_a_file");
}

BOOST_AUTO_TEST_CASE(permission_is_typed) {
  const auto denied = system_failure(EACCES, "read", "/a");
  BOOST_TEST(denied.type == "files.permission_denied");
  BOOST_TEST(denied.message ==
             "cannot read /a: Permission denied; give this user the right, or choose another path");
  BOOST_TEST(!denied.retryable);
  if (::geteuid() == 0) {
    BOOST_TEST_MESSAGE("skipped: root reads every file");
    return;
  }
  const temporary_folder folder;
  put(folder.path() / "a.txt", "x");
  fs::permissions(folder.path() / "a.txt", fs::perms::none);
  BOOST_TEST(type_of(read_text_file(folder.path() / "a.txt", 0)) == "files.permission_denied");
}

BOOST_AUTO_TEST_CASE(retryable_failures) {
  for (const int error : {ENOSPC, EDQUOT}) {
    BOOST_TEST(system_failure(error, "write", "/a").type == "files.disk_full");
    BOOST_TEST(system_failure(error, "write", "/a").retryable);
  }
  BOOST_TEST(system_failure(EIO, "write", "/a").type == "files.io_error");
  BOOST_TEST(system_failure(EIO, "write", "/a").retryable);
}

BOOST_AUTO_TEST_CASE(write_makes_folders_and_replaces) {
  const temporary_folder folder;
  const auto out = folder.path() / "new/out";
  const auto path = write_file(out, "a/b/c.txt", "one");
  BOOST_REQUIRE(path);
  BOOST_TEST(*path == out / "a/b/c.txt");
  BOOST_TEST(read_file(*path) == "one");
  BOOST_REQUIRE(write_file(out, "a/b/c.txt", "two"));
  BOOST_TEST(read_file(*path) == "two");
  BOOST_REQUIRE(write_file(out, "empty", ""));
  BOOST_TEST(read_file(out / "empty").empty());
  for (const auto& entry : fs::recursive_directory_iterator(out))
    BOOST_TEST(entry.path().string().find(".troupe-") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(repeating_a_write_changes_nothing) {
  const temporary_folder folder;
  const auto path = write_file(folder.path(), "a.txt", "same").value();
  struct stat before {
  }, after{};
  BOOST_REQUIRE(::stat(path.c_str(), &before) == 0);
  BOOST_REQUIRE(write_file(folder.path(), "a.txt", "same"));
  BOOST_REQUIRE(::stat(path.c_str(), &after) == 0);
  BOOST_TEST(before.st_ino == after.st_ino);
  BOOST_TEST(before.st_mtim.tv_nsec == after.st_mtim.tv_nsec);
}

BOOST_AUTO_TEST_CASE(several_attempts_at_one_file_all_end_well) {
  // As on several nodes, of which one was taken for dead: none waits for the others, or fails for them.
  const temporary_folder folder;
  std::atomic<int> failed = 0;
  std::vector<std::jthread> writers;
  for (int writer = 0; writer < 4; ++writer)
    writers.emplace_back([&, text = std::string(1'000, static_cast<char>('a' + writer))] {
      for (int times = 0; times < 50; ++times)
        if (!write_file(folder.path(), "one.txt", text)) ++failed;
    });
  writers.clear();
  BOOST_TEST(failed == 0);
  const auto content = read_file(folder.path() / "one.txt");
  BOOST_TEST(content == std::string(1'000, content.front()));
  BOOST_TEST(std::distance(std::filesystem::directory_iterator{folder.path()},
                           std::filesystem::directory_iterator{}) == 1);
}

BOOST_AUTO_TEST_CASE(write_stays_in_its_folder) {
  const temporary_folder folder, outside;
  const auto in = folder.path() / "in";
  fs::create_directories(in);
  fs::create_directory_symlink(outside.path(), in / "link");
  put(outside.path() / "victim.txt", "safe");
  fs::create_symlink(outside.path() / "victim.txt", in / "alias.txt");
  const std::vector<std::pair<std::string, std::string>> cases{
      {"../x", "files.outside_folder"},
      {"a/../../x", "files.outside_folder"},
      {"a/../x", "files.outside_folder"},
      {"/etc/x", "files.outside_folder"},
      {"..", "files.outside_folder"},
      {"link/x", "files.outside_folder"},
      {"link/deep/x", "files.outside_folder"},
      {"", "files.bad_name"},
      {".", "files.bad_name"},
      {"a/", "files.bad_name"},
      {"a/.", "files.bad_name"},
      {std::string{"a\0b", 3}, "files.bad_name"},
      {"\xff", "files.bad_name"},
      {std::string(300, 'n'), "files.bad_name"},
  };
  for (const auto& [name, type] : cases)
    BOOST_TEST_CONTEXT(name) {
      BOOST_TEST(type_of(write_file(in, name, "bad")) == type);
    }
  BOOST_TEST(!fs::exists(outside.path() / "x"));
  // A link as the last part is replaced, not followed.
  BOOST_TEST(type_of(write_file(in, "alias.txt", "new")) == "none");
  BOOST_TEST(read_file(outside.path() / "victim.txt") == "safe");
  BOOST_TEST(read_file(in / "alias.txt") == "new");
}

BOOST_AUTO_TEST_CASE(write_refuses) {
  const temporary_folder folder;
  put(folder.path() / "file", "x");
  fs::create_directories(folder.path() / "folder/x");
  BOOST_TEST(type_of(write_file("", "a", "")) == "files.bad_request");
  BOOST_TEST(type_of(write_file(folder.path() / "file", "a", "")) == "files.not_a_folder");
  BOOST_TEST(type_of(write_file(folder.path(), "file/a", "")) == "files.not_a_folder");
  BOOST_TEST(type_of(write_file(folder.path(), "folder", "")) == "files.not_a_file");
  BOOST_TEST(read_file(folder.path() / "file") == "x");
}

/// The kernel's own full device: what is written partly is not left behind under the file's name.
BOOST_AUTO_TEST_CASE(full_disk_is_retryable) {
  BOOST_TEST(write_all(file_descriptor{::open("/dev/full", O_WRONLY | O_CLOEXEC)}.get(), "x") ==
             ENOSPC);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe::agents
