// Safetensors files that lie, one lie each. AddressSanitizer builds show that none is believed.
#include "kernels/bert/errors.hpp"
#include "kernels/bert/safetensors.hpp"
#include "tests/kernels/bert/safetensors_bytes.hpp"
#include "tests/support/files.hpp"
#include "tests/support/results.hpp"

#include <bit>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstring>
#include <limits>
#include <sys/stat.h>

namespace {

using namespace troupe;
using test::safetensors_bytes;

const std::string one_float = R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})";

std::string entry(const std::string& dtype, const std::string& shape, const std::string& offsets) {
  return R"({"a":{"dtype":)" + dtype + R"(,"shape":)" + shape + R"(,"data_offsets":)" + offsets +
         "}}";
}

struct lie {
  const char* what;
  std::string bytes;
};

std::string with_length(std::uint64_t length, const std::string& rest) {
  return std::string{reinterpret_cast<const char*>(&length), sizeof length} + rest;
}

std::vector<lie> lies() {
  const std::string data(16, '\0');
  return {
      {"empty file", ""},
      {"shorter than a length", "1234567"},
      {"header longer than the file", with_length(1000, "{}")},
      {"header length near 2^64", with_length(0xffffffffffffffffU, one_float)},
      {"header length that wraps", with_length(0xfffffffffffffff8U, one_float)},
      {"header over the limit", with_length(100'000'001, one_float)},
      {"header is not JSON", safetensors_bytes("{\"a\":", data)},
      {"header is a list", safetensors_bytes("[]", "")},
      {"header is nested without end", safetensors_bytes(std::string(100000, '{'), "")},
      {"entry is a number", safetensors_bytes("{\"a\":1}", "")},
      {"no dtype", safetensors_bytes(R"({"a":{"shape":[1],"data_offsets":[0,4]}})", "1234")},
      {"unknown dtype", safetensors_bytes(entry("\"F33\"", "[1]", "[0,4]"), "1234")},
      {"no shape", safetensors_bytes(R"({"a":{"dtype":"F32","data_offsets":[0,4]}})", "1234")},
      {"negative dimension", safetensors_bytes(entry("\"F32\"", "[-1]", "[0,4]"), "1234")},
      {"fractional dimension", safetensors_bytes(entry("\"F32\"", "[1.0]", "[0,4]"), "1234")},
      {"one offset", safetensors_bytes(entry("\"F32\"", "[1]", "[0]"), "1234")},
      {"offsets that fall", safetensors_bytes(entry("\"F32\"", "[1]", "[8,4]"), data)},
      {"end behind the data", safetensors_bytes(entry("\"F32\"", "[2]", "[0,8]"), "1234")},
      {"end near 2^64",
       safetensors_bytes(entry("\"F32\"", "[1]", "[18446744073709551612,18446744073709551615]"),
                         "1234")},
      {"size is not what the shape needs",
       safetensors_bytes(entry("\"F32\"", "[3]", "[0,16]"), data)},
      {"size is not what the dtype needs",
       safetensors_bytes(entry("\"F16\"", "[4]", "[0,16]"), data)},
      {"element count overflows to the right size",
       safetensors_bytes(entry("\"F32\"", "[4611686018427387905]", "[0,4]"), "1234")},
      {"shape overflows in the middle",
       safetensors_bytes(entry("\"F32\"", "[4294967296,4294967296,0]", "[0,0]"), "")},
      {"overlap", safetensors_bytes(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},)"
                                    R"("b":{"dtype":"F32","shape":[3],"data_offsets":[4,16]}})",
                                    data)},
      {"same bytes twice",
       safetensors_bytes(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},)"
                         R"("b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})",
                         "1234")},
      {"gap", safetensors_bytes(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},)"
                                R"("b":{"dtype":"F32","shape":[1],"data_offsets":[8,12]}})",
                                std::string(12, '\0'))},
      {"data that belongs to nothing", safetensors_bytes(one_float, "12345678")},
      {"a name twice", safetensors_bytes(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},)"
                                         R"("a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})",
                                         "12345678")},
  };
}

bert::tensor_view view_of(const char* dtype, std::size_t count, const void* data,
                          std::size_t bytes) {
  return {dtype, {count}, {static_cast<const std::byte*>(data), bytes}};
}

BOOST_AUTO_TEST_SUITE(bert_safetensors)

BOOST_AUTO_TEST_CASE(lies_are_refused) {
  const test::temporary_folder folder;
  const auto path = folder.path() / "model.safetensors";
  for (const auto& [what, bytes] : lies()) {
    BOOST_TEST_CONTEXT(what) {
      test::write_file(path, bytes);
      const auto file = bert::safetensors_file::open(path);
      BOOST_REQUIRE(!file);
      BOOST_TEST(file.error().code == bert::bert_errc::bad_safetensors);
      BOOST_TEST(file.error().context.find(path.string()) == 0U);
    }
  }
}

BOOST_AUTO_TEST_CASE(every_truncation_of_a_sound_file_is_refused) {
  const test::temporary_folder folder;
  const auto path = folder.path() / "model.safetensors";
  const auto whole = safetensors_bytes(one_float, "1234");
  for (std::size_t length = 0; length < whole.size(); ++length) {
    test::write_file(path, whole.substr(0, length));
    BOOST_TEST(!bert::safetensors_file::open(path), "accepted " << length << " bytes");
  }
  test::write_file(path, whole);
  BOOST_TEST(bert::safetensors_file::open(path).has_value());
}

BOOST_AUTO_TEST_CASE(no_changed_header_byte_reads_out_of_bounds) {
  const test::temporary_folder folder;
  const auto path = folder.path() / "model.safetensors";
  const auto whole = safetensors_bytes(one_float, "1234");
  for (std::size_t at = 0; at < whole.size() - 4; ++at)
    for (const char byte : {'\0', '0', '9', '{', '"', '\x7f', '\xff'}) {
      auto changed = whole;
      changed[at] = byte;
      test::write_file(path, changed);
      const auto file = bert::safetensors_file::open(path);
      if (!file) continue;
      for (const auto& [name, tensor] : file->tensors())
        BOOST_TEST(tensor.bytes.size() <= 4U);
    }
}

BOOST_AUTO_TEST_CASE(what_is_no_file_is_refused) {
  const test::temporary_folder folder;
  BOOST_REQUIRE(mkfifo((folder.path() / "pipe").c_str(), 0600) == 0);
  for (const auto& path : {folder.path() / "missing", folder.path(), folder.path() / "pipe"}) {
    const auto file = bert::safetensors_file::open(path);
    BOOST_REQUIRE(!file);
    BOOST_TEST(file.error().code == bert::bert_errc::unreadable_file);
  }
}

BOOST_AUTO_TEST_CASE(tensors_are_found_by_name) {
  const test::temporary_folder folder;
  const auto path = folder.path() / "model.safetensors";
  test::write_file(path,
                   safetensors_bytes(R"({"__metadata__":{"format":"pt"},)"
                                     R"("b":{"dtype":"I64","shape":[],"data_offsets":[2,10]},)"
                                     R"("none":{"dtype":"F32","shape":[3,0],"data_offsets":[0,0]},)"
                                     R"("a":{"dtype":"U8","shape":[2,1],"data_offsets":[0,2]}}  )"
                                     "\n",
                                     "xyABCDEFGH"));
  const auto file = test::must(bert::safetensors_file::open(path));
  BOOST_TEST(file.tensors().size() == 3U);
  BOOST_TEST(file.find("__metadata__") == nullptr);
  const auto* tensor = file.find("a");
  BOOST_REQUIRE(tensor);
  BOOST_TEST(std::memcmp(tensor->bytes.data(), "xy", 2) == 0);
  BOOST_TEST(tensor->shape.size() == 2U);
  BOOST_TEST(file.find("none")->bytes.empty());
}

BOOST_AUTO_TEST_CASE(halves_convert_exactly) {
  // Every finite half against its definition.
  std::vector<std::uint16_t> halves;
  std::vector<float> expected;
  for (unsigned bits = 0; bits < 0x10000; ++bits) {
    const unsigned exponent = bits >> 10 & 31, fraction = bits & 1023;
    if (exponent == 31) continue;
    const float magnitude =
        exponent ? std::ldexp(1.0F + static_cast<float>(fraction) / 1024, int(exponent) - 15)
                 : std::ldexp(static_cast<float>(fraction), -24);
    halves.push_back(static_cast<std::uint16_t>(bits));
    expected.push_back(bits & 0x8000 ? -magnitude : magnitude);
  }
  std::vector<float> out(halves.size());
  BOOST_TEST(!bert::to_fp32(view_of("F16", out.size(), halves.data(), halves.size() * 2), out));
  BOOST_TEST(std::memcmp(out.data(), expected.data(), out.size() * 4) == 0);
}

BOOST_AUTO_TEST_CASE(other_types_convert_at_any_alignment) {
  const double doubles[] = {1.0 / 3, -0.0, 1e-300};
  const std::uint16_t halves[] = {0x3f80, 0xc049, 0x0001};
  std::vector<char> odd(1 + sizeof doubles);
  std::memcpy(odd.data() + 1, doubles, sizeof doubles);
  std::vector<float> out(3);
  BOOST_TEST(!bert::to_fp32(view_of("F64", 3, odd.data() + 1, sizeof doubles), out));
  BOOST_TEST(out[0] == static_cast<float>(1.0 / 3));
  BOOST_TEST(std::signbit(out[1]));
  BOOST_TEST(out[2] == 0.0F);
  std::memcpy(odd.data() + 1, halves, sizeof halves);
  BOOST_TEST(!bert::to_fp32(view_of("BF16", 3, odd.data() + 1, sizeof halves), out));
  BOOST_TEST(out[0] == 1.0F);
  BOOST_TEST(out[1] == -3.140625F);
  BOOST_TEST(out[2] == std::bit_cast<float>(0x00010000U));
}

BOOST_AUTO_TEST_CASE(what_is_not_finite_is_counted_and_what_is_not_real_refused) {
  std::vector<float> out(1);
  const double huge = 1e39, nan = std::nan("");
  const std::uint16_t infinity = 0x7c00, zero = 0;
  const float negative = -std::numeric_limits<float>::infinity();
  const auto odd = [&](const char* dtype, const void* value, std::size_t bytes) {
    BOOST_TEST(!bert::to_fp32(view_of(dtype, 1, value, bytes), out));
    return bert::count_not_finite(out);
  };
  BOOST_TEST(odd("F64", &huge, 8) == 1U);
  BOOST_TEST(odd("F64", &nan, 8) == 1U);
  BOOST_TEST(std::isnan(out[0]));
  BOOST_TEST(odd("F16", &infinity, 2) == 1U);
  BOOST_TEST(odd("F32", &negative, 4) == 1U);
  BOOST_TEST(out[0] == negative);
  BOOST_TEST(odd("F16", &zero, 2) == 0U);
  const auto why = bert::to_fp32(view_of("I32", 1, &negative, 4), out);
  BOOST_REQUIRE(why.has_value());
  BOOST_TEST(why->find("I32") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
