#include "actors/pii/context_rules.hpp"

#include "actors/pii/block_lines.hpp"

#include <boost/test/unit_test.hpp>
#include <string>
#include <tuple>
#include <vector>

namespace troupe::pii {
namespace {

std::string found(const std::string& line, bool after_sign_off) {
  std::string out;
  for (const auto& span : names_by_context(line, after_sign_off))
    out += line.substr(span.bytes.start, span.bytes.end - span.bytes.start) + "|";
  return out;
}

BOOST_AUTO_TEST_SUITE(pii_context_rules)

BOOST_AUTO_TEST_CASE(names_in_telling_places) {
  const std::vector<std::tuple<std::string, bool, std::string>> cases{
      {"From: Olga Kim <olga@example.org>", false, "Olga Kim|"},
      {"> To: Olga Kim <a@b.org>, \"Liam Patel\" <c@d.org>", false, "Olga Kim|Liam Patel|"},
      {"From: it-desk@example.net", false, ""},
      {"From: Support Team <a@b.org>", false, ""},
      {"From: <a@b.org", false, ""},
      {"Dear Olga,", false, "Olga|"},
      {"Dear Mr. van der Berg:", false, "van der Berg|"},
      {"Hi team,", false, ""},
      {"Hello Will", false, "Will|"},
      {"Dear customer,", false, ""},
      {"Olga", true, "Olga|"},
      {"Olga", false, ""},
      {"O. Kim", true, "O. Kim|"},
      {"Grace Long", true, "Grace Long|"},
      {"IT Service", true, ""},
      {"The invoice is attached to this mail", true, ""},
      {"王小明", true, "王小明|"},
      {"", true, ""},
  };
  for (const auto& [line, after, expected] : cases)
    BOOST_TEST_CONTEXT(line) {
      BOOST_TEST(found(line, after) == expected);
    }
}

BOOST_AUTO_TEST_CASE(sign_offs) {
  for (const auto* line : {"Best regards,", "  > Thanks!", "Kind regards", "CHEERS,"})
    BOOST_TEST(is_sign_off(line));
  for (const auto* line : {"", "Regards to Olga", "Thanks for the fish"})
    BOOST_TEST(!is_sign_off(line));
  BOOST_TEST(ends_with_sign_off("Hi\nThanks,\n\n  \n", false));
  BOOST_TEST(!ends_with_sign_off("Thanks,\nOlga\n", true));
  BOOST_TEST(ends_with_sign_off("\n\n", true));
  BOOST_TEST(!ends_with_sign_off("", false));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe::pii
