// Packed weights in files: found again, shared, and refused whenever anything about them is not right.
#include "kernels/bert/engine.hpp"
#include "tests/kernels/cpu/golden_encoder.hpp"
#include "tests/support/files.hpp"
#include "tests/support/results.hpp"

#include <boost/test/unit_test.hpp>
#include <cstring>
#include <fstream>
#include <sys/stat.h>
#include <thread>

namespace {

using namespace troupe;
using bert::precision;
namespace fs = std::filesystem;

std::vector<float> logits_with(const fs::path& cache, precision wanted,
                               const fs::path& model = test::small_encoder().model_dir()) {
  const auto engine = test::must(bert::load_engine(model, {wanted, 1, "cpu", {}, {}, cache}));
  const auto only = test::small_encoder().cases().front();
  const auto scratch = test::must(engine->make_workspace(only.ids.size()));
  std::vector<float> logits(only.logits.size());
  const std::vector<std::uint32_t> bounds{0, static_cast<std::uint32_t>(only.ids.size())};
  test::must(engine->classify({only.ids, only.type_ids, bounds}, *scratch, logits));
  return logits;
}

std::vector<fs::path> files_in(const fs::path& folder) {
  std::vector<fs::path> all;
  for (const auto& entry : fs::directory_iterator{folder})
    all.push_back(entry.path());
  return all;
}

/// Identifies a file: another one of the same name has another number.
ino_t number_of(const fs::path& path) {
  struct stat status {};
  BOOST_REQUIRE_EQUAL(::stat(path.c_str(), &status), 0);
  return status.st_ino;
}

void flip_byte(const fs::path& path, std::streamoff at) {
  std::fstream file{path, std::ios::in | std::ios::out | std::ios::binary};
  file.seekg(at);
  const char old = static_cast<char>(file.get());
  file.seekp(at);
  file.put(static_cast<char>(old ^ 0x40));
}

/// Loads once more: the file must have been refused and made anew, with the same answers.
void check_remade(const fs::path& cache, const std::vector<float>& expected) {
  const auto before = number_of(files_in(cache).front());
  BOOST_TEST(logits_with(cache, precision::fp32) == expected, boost::test_tools::per_element());
  BOOST_REQUIRE_EQUAL(files_in(cache).size(), 1U);
  BOOST_TEST(number_of(files_in(cache).front()) != before);
}

BOOST_AUTO_TEST_SUITE(cpu_weights_cache)

BOOST_AUTO_TEST_CASE(a_file_per_type_gives_the_same_answers) {
  const test::temporary_folder folder;
  const auto cache = folder.path() / "deep" / "cache";
  for (const auto wanted : {precision::fp32, precision::int8}) {
    const auto plain = logits_with({}, wanted);
    for (int time = 0; time < 3; ++time)
      BOOST_TEST(logits_with(cache, wanted) == plain, boost::test_tools::per_element());
  }
  const auto files = files_in(cache);
  BOOST_REQUIRE_EQUAL(files.size(), 2U);
  for (const auto& file : files)
    BOOST_TEST(((fs::status(file).permissions() & fs::perms::all) ==
                (fs::perms::owner_read | fs::perms::owner_write)));
  const auto before = number_of(files.front());
  logits_with(cache, precision::fp32);
  logits_with(cache, precision::int8);
  BOOST_TEST(number_of(files.front()) == before);
}

BOOST_AUTO_TEST_CASE(a_damaged_file_is_made_anew) {
  const test::temporary_folder folder;
  const auto expected = logits_with(folder.path(), precision::fp32);
  const auto file = files_in(folder.path()).front();
  const auto size = static_cast<std::streamoff>(fs::file_size(file));
  for (const std::streamoff at : {std::streamoff{0}, std::streamoff{9}, std::streamoff{20},
                                  std::streamoff{40}, std::streamoff{4096}, size / 2, size - 1}) {
    flip_byte(file, at);
    // The bytes behind the last number fill a cache line: they are covered, too.
    check_remade(folder.path(), expected);
  }
  fs::resize_file(file, fs::file_size(file) - 1);
  check_remade(folder.path(), expected);
  fs::resize_file(file, 0);
  check_remade(folder.path(), expected);
}

BOOST_AUTO_TEST_CASE(what_others_can_write_is_not_trusted) {
  const test::temporary_folder folder;
  const auto expected = logits_with(folder.path(), precision::fp32);
  fs::permissions(files_in(folder.path()).front(), fs::perms::group_write, fs::perm_options::add);
  check_remade(folder.path(), expected);
  // Neither is a link, wherever it leads.
  const auto file = files_in(folder.path()).front();
  const test::temporary_folder elsewhere;
  fs::rename(file, elsewhere.path() / "real");
  fs::create_symlink(elsewhere.path() / "real", file);
  logits_with(folder.path(), precision::fp32);
  BOOST_TEST(!fs::is_symlink(file));
}

BOOST_AUTO_TEST_CASE(another_model_has_another_file) {
  const test::temporary_folder folder, copy;
  logits_with(folder.path(), precision::fp32);
  fs::copy(test::small_encoder().model_dir(), copy.path() / "model", fs::copy_options::recursive);
  const auto weights = copy.path() / "model" / "model.safetensors";
  const auto before = logits_with(folder.path(), precision::fp32, copy.path() / "model");
  BOOST_REQUIRE_EQUAL(files_in(folder.path()).size(), 1U);
  // One bit of one weight, same size; a time from before.
  const auto time = fs::last_write_time(weights);
  flip_byte(weights, static_cast<std::streamoff>(fs::file_size(weights)) - 2);
  fs::last_write_time(weights, time);
  logits_with(folder.path(), precision::fp32, copy.path() / "model");
  BOOST_TEST(files_in(folder.path()).size() == 2U);
}

BOOST_AUTO_TEST_CASE(no_place_to_write_is_no_reason_to_fail) {
  const test::temporary_folder folder;
  const auto plain = logits_with({}, precision::fp32);
  std::ofstream{folder.path() / "file"} << "no folder";
  BOOST_TEST(logits_with(folder.path() / "file", precision::fp32) == plain,
             boost::test_tools::per_element());
  BOOST_TEST(logits_with("/proc/none/such", precision::fp32) == plain,
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(the_folder_stays_bounded) {
  const test::temporary_folder folder;
  for (int i = 0; i < 20; ++i) {
    const auto old = folder.path() / (std::to_string(i) + ".weights" + (i % 2 ? ".AbCdEf" : ""));
    std::ofstream{old} << "left over";
    fs::last_write_time(old, fs::file_time_type::clock::now() - std::chrono::hours{100 - i});
  }
  std::ofstream{folder.path() / "mine.txt"} << "not the cache's";
  logits_with(folder.path(), precision::fp32);
  BOOST_TEST(files_in(folder.path()).size() == 17U);
  BOOST_TEST(fs::exists(folder.path() / "mine.txt"));
  BOOST_TEST(!fs::exists(folder.path() / "0.weights"));
  BOOST_TEST(fs::exists(folder.path() / "19.weights.AbCdEf"));
}

BOOST_AUTO_TEST_CASE(many_at_once_agree) {
  const test::temporary_folder folder;
  const auto expected = logits_with({}, precision::fp32);
  std::vector<std::vector<float>> found(6);
  {
    std::vector<std::jthread> threads;
    for (auto& each : found)
      threads.emplace_back([&] { each = logits_with(folder.path(), precision::fp32); });
  }
  for (const auto& each : found)
    BOOST_TEST(each == expected, boost::test_tools::per_element());
  BOOST_TEST(files_in(folder.path()).size() == 1U);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
