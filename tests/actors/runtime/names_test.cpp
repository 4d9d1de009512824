#include "actors/runtime/agent.hpp"
#include "actors/runtime/errc.hpp"

#include <boost/test/unit_test.hpp>
#include <string>

namespace {

using troupe::agent_name;

BOOST_AUTO_TEST_SUITE(runtime_names)

BOOST_AUTO_TEST_CASE(agent_names_are_type_slash_key) {
  struct {
    std::string text, type, key;
  } const good[] = {
      {"files.read", "files.read", "default"},
      {"ner.extract/pii", "ner.extract", "pii"},
      {"A-1_b.c/X_9.-", "A-1_b.c", "X_9.-"},
      {std::string(128, 'a') + "/" + std::string(128, 'b'), std::string(128, 'a'),
       std::string(128, 'b')},
  };
  for (const auto& [text, type, key] : good) {
    BOOST_TEST_CONTEXT(text) {
      const auto name = agent_name::parse(text);
      BOOST_REQUIRE(name);
      BOOST_TEST(name->type == type);
      BOOST_TEST(name->key == key);
      BOOST_TEST(agent_name::parse(name->to_string()).value().to_string() == name->to_string());
    }
  }
}

BOOST_AUTO_TEST_CASE(other_texts_are_refused_with_the_rule) {
  const std::string bad[] = {"",
                             "/",
                             "a/",
                             "/a",
                             "a/b/c",
                             "a b",
                             "a/b\n",
                             "\xc3\xa4",
                             std::string(129, 'a'),
                             "a/" + std::string(129, 'b'),
                             std::string("a\0b", 3)};
  for (const auto& text : bad) {
    BOOST_TEST_CONTEXT(text) {
      const auto name = agent_name::parse(text);
      BOOST_REQUIRE(!name);
      BOOST_TEST(name.error().code == troupe::runtime_errc::bad_agent_name);
      BOOST_TEST(name.error().message().find("letters, digits") != std::string::npos);
      BOOST_TEST(name.error().message().size() < 300U);
    }
  }
}

BOOST_AUTO_TEST_CASE(message_ids_are_written_only_when_asked) {
  BOOST_TEST(troupe::message_id{}.empty());
  BOOST_TEST(troupe::message_id(0xabcULL, 7).to_string() == "0000000000000abc-7");
  BOOST_TEST(troupe::message_id{"from elsewhere"}.to_string() == "from elsewhere");
  BOOST_TEST((troupe::message_id(1, 2) == troupe::message_id{"0000000000000001-2"}));
  BOOST_TEST(!(troupe::message_id(1, 2) == troupe::message_id(1, 3)));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
