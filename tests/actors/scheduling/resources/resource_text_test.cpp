#include "actors/scheduling/resources/resource_text.hpp"

#include <boost/test/unit_test.hpp>
#include <ostream>

using namespace troupe::scheduling;

BOOST_AUTO_TEST_SUITE(resource_text)

namespace {

std::string fault_of(std::string_view name, std::string_view text) {
  const auto parsed = parse_amount(name, text);
  return parsed ? "none" : parsed.error();
}

bool contains(const std::string& text, std::string_view words) {
  return text.find(words) != std::string::npos;
}

} // namespace

BOOST_AUTO_TEST_CASE(amounts_have_units) {
  struct {
    const char* name;
    const char* text;
    std::uint64_t amount;
  } const good[] = {{"cpu", "2", 2'000},
                    {"cpu", "0.5", 500},
                    {"cpu", "0.125", 125},
                    {"cpu", "0", 0},
                    {"gpu", "3", 3},
                    {"license/x", "12", 12},
                    {"memory", "100B", 100},
                    {"memory", "2GiB", 2147483648},
                    {"memory", "1.5KiB", 1'536},
                    {"memory", "3kB", 3'000},
                    {"memory", "1 MiB", 1048576},
                    {"gpu_memory", "0.5TiB", 549755813888},
                    {"memory", "1048575TiB", 1048575ULL << 40}};
  for (const auto& each : good)
    BOOST_TEST_CONTEXT(each.name << ' ' << each.text) {
      const auto parsed = parse_amount(each.name, each.text);
      BOOST_REQUIRE_MESSAGE(parsed, (parsed ? "" : parsed.error()));
      BOOST_TEST(*parsed == each.amount);
    }
}

BOOST_AUTO_TEST_CASE(bad_amounts_say_why_and_what_to_do) {
  struct {
    const char* name;
    const char* text;
    const char* words;
  } const bad[] = {{"cpu", "", "it is empty"},
                   {"cpu", "-1", "it is negative"},
                   {"memory", "-2GiB", "it is negative"},
                   {"cpu", "two", "it is no number of cores"},
                   {"cpu", "1e3", "it is no number of cores"},
                   {"cpu", "0.0005", "at most three digits"},
                   {"cpu", "99999999999999999999999", "no node has as much"},
                   {"memory", "2", "the unit is missing"},
                   {"memory", "2Gi", "the unit 'Gi' is not known"},
                   {"memory", "2gib", "use one of B, kB"},
                   {"memory", "GiB", "a number is missing"},
                   {"memory", "1048576TiB", "no node has as much"},
                   {"memory", "18446744073709551616B", "no node has as much"},
                   {"memory", "0.1234567GiB", "more than six digits"},
                   {"gpu", "0.5", "it is no whole number"},
                   {"license", "+1", "it is no whole number"},
                   {"license", "1152921504606846977", "no node has as many"}};
  for (const auto& each : bad)
    BOOST_TEST_CONTEXT(each.name << ' ' << each.text)
  BOOST_TEST(contains(fault_of(each.name, each.text), each.words), fault_of(each.name, each.text));
}

BOOST_AUTO_TEST_CASE(lists_are_read_and_written) {
  const auto parsed = parse_resources("cpu=0.5, memory : 2GiB,license/x=2,gpu=0");
  BOOST_REQUIRE(parsed);
  BOOST_TEST(parsed->size() == 4u);
  const auto made = make_resources(*parsed);
  BOOST_REQUIRE(made);
  BOOST_TEST(format_resources(*made) == "cpu=0.5,memory=2GiB,license/x=2");
  BOOST_TEST(format_resources({}) == "nothing");
  BOOST_TEST(format_amount("memory", 1'000) == "1000B");
  BOOST_TEST(format_amount("cpu", 16'000) == "16");
}

BOOST_AUTO_TEST_CASE(bad_lists_are_refused) {
  std::string many = "a0=1";
  for (int i = 1; i <= 16; ++i)
    many += ",a" + std::to_string(i) + "=1";
  struct {
    std::string text;
    const char* words;
  } const bad[] = {{"", "has no amount"},
                   {"cpu", "write NAME=AMOUNT"},
                   {"cpu=1,", "has no amount"},
                   {"cpu=1,cpu=2", "is there twice"},
                   {"=1", "bad resource name ''"},
                   {"1x=1", "bad resource name '1x'"},
                   {"a b=1", "bad resource name 'a b'"},
                   {std::string(65, 'n') + "=1", "64 at most"},
                   {many, "more than 16 resources"}};
  for (const auto& each : bad)
    BOOST_TEST_CONTEXT(each.text) {
      const auto parsed = parse_resources(each.text);
      BOOST_REQUIRE(!parsed);
      BOOST_TEST(contains(parsed.error(), each.words), parsed.error());
    }
  BOOST_TEST(!make_resources({{"cpu", most_resource_amount + 1}}));
}

BOOST_AUTO_TEST_SUITE_END()
