#include "tools/troupe/cli_errc.hpp"
#include "tools/troupe/tenant_weights_option.hpp"

#include <boost/test/unit_test.hpp>

using namespace troupe::cli;

BOOST_AUTO_TEST_SUITE(tools_tenant_weights)

BOOST_AUTO_TEST_CASE(weights_are_read_by_name) {
  const auto read = parse_tenant_weights({"acme=3", "b.c-d_9=0.5", "=2", "large=1e3"});
  BOOST_REQUIRE(read);
  BOOST_TEST((*read == tenant_weights{{"", 2}, {"acme", 3}, {"b.c-d_9", 0.5}, {"large", 1'000}}));
  BOOST_TEST(parse_tenant_weights({})->empty());
}

BOOST_AUTO_TEST_CASE(mistakes_are_named) {
  const std::pair<std::vector<std::string>, std::string> cases[] = {
      {{"acme"}, "write NAME=WEIGHT"},
      {{""}, "write NAME=WEIGHT"},
      {{"a b=1"}, "no tenant is called so"},
      {{std::string(65, 'a') + "=1"}, "no tenant is called so"},
      {{"a="}, "'' is no number"},
      {{"a=one"}, "'one' is no number"},
      {{"a=1=2"}, "'1=2' is no number"},
      {{"a= 1"}, "' 1' is no number"},
      {{"a=1e999"}, "is no number"},
      {{"a=nan"}, "more than 0"},
      {{"a=0"}, "more than 0"},
      {{"a=-3"}, "more than 0"},
      {{"a=inf"}, "out of range"},
      {{"a=1001"}, "out of range"},
      {{"a=0.0001"}, "from 0.001 to 1000"},
      {{"a=1", "b=1", "a=2"}, "has a weight already"}};
  for (const auto& [given, words] : cases) {
    const auto read = parse_tenant_weights(given);
    BOOST_REQUIRE_MESSAGE(!read, given.back());
    BOOST_TEST((read.error().code == cli_errc::bad_option));
    BOOST_TEST(read.error().context.find(words) != std::string::npos, read.error().context);
  }
}

BOOST_AUTO_TEST_SUITE_END()
