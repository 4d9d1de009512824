// A whole small model, damaged in every way that a disk or a stranger can: cut off anywhere, any byte changed, shortened
// while it loads, with weights that are no numbers. Nothing may crash (run it with AddressSanitizer too), and what does
// not load says which file is wrong.
#include "kernels/bert/engine.hpp"
#include "kernels/bert/errors.hpp"
#include "kernels/bert/weights.hpp"
#include "tests/kernels/bert/small_model.hpp"
#include "tests/support/files.hpp"
#include "tests/support/results.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>

namespace {

using namespace troupe;
using bert::bert_errc;

result<void> load_parts(bert::weight_reader& reader) {
  if (auto part = reader.embeddings(); !part) return tl::unexpected(part.error());
  if (auto part = reader.layer(0); !part) return tl::unexpected(part.error());
  if (auto part = reader.classifier(); !part) return tl::unexpected(part.error());
  return {};
}

struct small_model {
  test::temporary_folder folder;
  std::filesystem::path weights = folder.path() / "model.safetensors";
  std::string whole = test::file_of(test::small_shapes());
  unsigned seed = std::random_device{}();
  std::mt19937 random{seed};

  small_model() {
    BOOST_TEST_MESSAGE("seed " << seed);
    test::write_file(folder.path() / "config.json", test::small_config_json());
    test::write_file(weights, whole);
  }

  [[nodiscard]] std::size_t header_end() const {
    std::uint64_t length = 0;
    std::memcpy(&length, whole.data(), sizeof length);
    return sizeof length + length;
  }

  /// Loads the folder with other bytes in its weights.
  [[nodiscard]] result<void> load(const std::string& bytes) const {
    test::write_file(weights, bytes);
    auto reader = bert::weight_reader::open(folder.path(), test::small_config());
    if (!reader) return tl::unexpected(reader.error());
    return load_parts(*reader);
  }

  void check_refusal(const result<void>& loaded, const std::string& what) const {
    BOOST_TEST(!loaded, what << " was accepted, seed " << seed);
    if (loaded) return;
    BOOST_TEST(loaded.error().context.find(folder.path().string()) != std::string::npos,
               loaded.error().context << " does not name the model");
  }

  /// The file with `value` as the first number of tensor `name`.
  [[nodiscard]] std::string with_value(const std::string& name, float value) const {
    const auto header = nlohmann::json::parse(whole.substr(8, header_end() - 8));
    const auto at = header.at(name).at("data_offsets").at(0).get<std::size_t>();
    auto bytes = whole;
    std::memcpy(bytes.data() + header_end() + at, &value, sizeof value);
    return bytes;
  }
};

BOOST_FIXTURE_TEST_SUITE(bert_malformed_model, small_model)

BOOST_AUTO_TEST_CASE(no_beginning_of_a_file_is_taken_for_the_whole) {
  test::must(load(whole));
  for (std::size_t length = 0; length <= header_end(); ++length)
    check_refusal(load(whole.substr(0, length)), std::to_string(length) + " bytes");
  for (int i = 0; i < 200; ++i) {
    const auto length = header_end() + random() % (whole.size() - header_end());
    check_refusal(load(whole.substr(0, length)), std::to_string(length) + " bytes");
  }
  check_refusal(load(whole + "x"), "one byte more");
}

BOOST_AUTO_TEST_CASE(no_changed_byte_ends_the_program) {
  std::size_t refused = 0;
  for (std::size_t at = 0; at < header_end(); ++at)
    for (const unsigned flip : {1U << random() % 8, 0xffU}) {
      auto bytes = whole;
      bytes[at] = static_cast<char>(static_cast<unsigned char>(bytes[at]) ^ flip);
      const auto loaded = load(bytes);
      if (!loaded) check_refusal(loaded, "a changed byte");
      refused += !loaded;
    }
  // Blanks between tokens may change, and little else.
  BOOST_TEST(refused > header_end());
  for (int i = 0; i < 200; ++i) {
    auto bytes = whole;
    bytes[header_end() + random() % (whole.size() - header_end())] =
        static_cast<char>(random() & 0xffU);
    BOOST_TEST(load(bytes).has_value(), "weights may be anything, seed " << seed);
  }
}

BOOST_AUTO_TEST_CASE(a_file_shortened_while_it_loads_is_an_error) {
  for (const std::size_t left :
       {std::size_t{0}, header_end(), header_end() + 1, whole.size() - 1}) {
    test::write_file(weights, whole);
    auto reader = test::must(bert::weight_reader::open(folder.path(), test::small_config()));
    std::filesystem::resize_file(weights, left);
    const auto loaded = load_parts(reader);
    BOOST_REQUIRE(!loaded);
    BOOST_TEST(loaded.error().code == bert_errc::unreadable_file);
    BOOST_TEST(loaded.error().context ==
               weights.string() + " was shortened while it was read; replace the files of a model "
                                  "by renaming new ones over them");
  }
}

BOOST_AUTO_TEST_CASE(weights_that_are_no_numbers_load_with_a_warning) {
  const std::string name = "embeddings.word_embeddings.weight";
  for (const float odd :
       {std::numeric_limits<float>::quiet_NaN(), -std::numeric_limits<float>::infinity()}) {
    test::write_file(weights, with_value(name, odd));
    const auto engine = test::must(bert::load_engine(folder.path(), {bert::precision::fp32}));
    BOOST_REQUIRE(engine->warnings().size() == 1U);
    BOOST_TEST(engine->warnings()[0] ==
               folder.path().string() + ": tensor \"" + name +
                   "\" has 1 of 20 values that are NaN or infinite; what they touch has no answer");
    // Only word 0 is touched.
    const auto scratch = test::must(engine->make_workspace(4));
    const std::vector<std::int32_t> types{0, 0};
    const std::vector<std::uint32_t> bounds{0, 2};
    for (const std::vector<std::int32_t>& ids : {std::vector{1, 2}, std::vector{1, 0}}) {
      std::vector<float> logits(6);
      test::must(engine->classify({ids, types, bounds}, *scratch, logits));
      BOOST_TEST((bert::count_not_finite(logits) == 0) == (ids[1] != 0));
    }
  }
  test::write_file(weights, whole);
  BOOST_TEST(
      test::must(bert::load_engine(folder.path(), {bert::precision::fp32}))->warnings().empty());
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
