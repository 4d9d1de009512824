#include "actors/agents/defaults.hpp"
#include "actors/agents/pseudonym.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cctype>
#include <rapidcheck.h>

/// A pseudonym depends on key, label and normalised value alone, and gives none of them away in its form.
namespace troupe::agents {
namespace {

std::string any_value() {
  return *rc::gen::container<std::string>(
      rc::gen::element('a', 'B', 'z', '0', '9', ' ', '-', '.', '@'));
}

BOOST_AUTO_TEST_SUITE(pseudonym_properties)

BOOST_AUTO_TEST_CASE(same_value_same_name) {
  BOOST_TEST(rc::check("case and spaces do not matter, the label's form is kept", [] {
    const auto label = *rc::gen::element<std::string>("SURNAME", "PHONE", "EMAIL");
    const auto value = any_value(), key = any_value();
    const auto name = pseudonym(label, value, key);
    RC_ASSERT(name.starts_with(label + "_"));
    RC_ASSERT(name.size() == label.size() + 1 + defaults::pseudonym_digits);
    std::string shouted = "  " + value + " ";
    std::transform(shouted.begin(), shouted.end(), shouted.begin(),
                   [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    RC_ASSERT(pseudonym(label, shouted, key) == name);
    RC_ASSERT(pseudonym(label, normalised_value(label, value), key) == name);
  }));
}

BOOST_AUTO_TEST_CASE(normalising_twice_changes_nothing) {
  BOOST_TEST(rc::check([] {
    const auto label = *rc::gen::element<std::string>("SURNAME", "PHONE", "IBAN");
    const auto once = normalised_value(label, any_value());
    RC_ASSERT(normalised_value(label, once) == once);
  }));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe::agents
