// What recorded.txt says of the schemas still holds: stores and wires of older builds are read with today's. Fields and
// values may join; one that goes must leave its number and its name reserved.
#include "tests/schemas/schema_lines.hpp"
#include "tests/support/files.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <set>
#include <sstream>

namespace {

using namespace troupe;
namespace pb = google::protobuf;

/// The words of a line up to its number: the full name and the number.
struct recorded {
  std::string parent;
  std::string name;
  int number = 0;

  explicit recorded(const std::string& line) {
    std::istringstream words{line};
    std::string full, equals;
    words >> full >> equals >> number;
    parent = full.substr(0, full.rfind('.'));
    name = full.substr(full.rfind('.') + 1);
  }
};

/// Whether the schemas say that neither number nor name may come back.
bool is_reserved(const recorded& gone) {
  const auto& pool = *pb::DescriptorPool::generated_pool();
  if (const auto* type = pool.FindMessageTypeByName(gone.parent))
    return type->IsReservedNumber(gone.number) && type->IsReservedName(gone.name);
  if (const auto* type = pool.FindEnumTypeByName(gone.parent))
    return type->IsReservedNumber(gone.number) && type->IsReservedName(gone.name);
  return false;
}

std::vector<std::string> read_record() {
  std::istringstream in{
      test::read_file(test::source_folder() / "tests" / "schemas" / "recorded.txt")};
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);)
    if (!line.starts_with('#')) lines.push_back(line);
  return lines;
}

BOOST_AUTO_TEST_SUITE(schemas)

BOOST_AUTO_TEST_CASE(nothing_that_was_promised_has_changed) {
  const auto lines = test::schema_lines();
  const std::set<std::string> today{lines.begin(), lines.end()};
  const auto record = read_record();
  BOOST_TEST(record.size() > 100U);
  for (const std::string& line : record)
    BOOST_TEST((today.contains(line) || is_reserved(recorded{line})),
               "changed or removed: " << line << "; keep it, or reserve its number and name");
}

BOOST_AUTO_TEST_CASE(a_changed_line_is_seen) {
  const auto lines = test::schema_lines();
  const std::set<std::string> today{lines.begin(), lines.end()};
  BOOST_TEST(today.contains("troupe.v1.Envelope.message_id = 1 string"));
  for (const char* changed :
       {"troupe.v1.Envelope.message_id = 2 string", "troupe.v1.Envelope.message_id = 1 bytes",
        "troupe.v1.Envelope.id = 1 string", "troupe.v1.Envelope.message_id = 1 repeated string"})
    BOOST_TEST((!today.contains(changed) && !is_reserved(recorded{changed})), changed);
}

BOOST_AUTO_TEST_CASE(enumerations_begin_with_unspecified) {
  for (const std::string& line : test::schema_lines())
    if (line.ends_with(" = 0")) BOOST_TEST(line.ends_with("_UNSPECIFIED = 0"), line);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
