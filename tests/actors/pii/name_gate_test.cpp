#include "actors/pii/name_gate.hpp"

#include "actors/pii/common_words.hpp"
#include "actors/pii/word_reader.hpp"

#include <boost/test/unit_test.hpp>
#include <string>

namespace troupe::pii {
namespace {

BOOST_AUTO_TEST_SUITE(pii_name_gate)

BOOST_AUTO_TEST_CASE(texts_that_can_hold_names) {
  for (const auto* text : {"callback requested by Kwame Kim",
                           "Grace",
                           "user=Thandiwe",
                           "MOKOENA",
                           "O'Brien called",
                           "McLeod",
                           "DiCaprio",
                           "Ångström",
                           "王小明",
                           "مريم",
                           "J. Petrov",
                           "(Olga",
                           "Dear Will",
                           "12 station road",
                           "at 7 Church Close",
                           "220 Sunset Drive",
                           "dear jonas",
                           "mr okafor",
                           "my name is thandiwe",
                           "passport 2424242",
                           "ssn 242-24-2424",
                           "no 242-24-2424 here",
                           "call 242-242-2424",
                           "(242) 242-2424",
                           "fax 24 242424",
                           "Springfield",
                           "from Leeds to",
                           "{\"name\":\"kwame\"}"})
    BOOST_TEST_CONTEXT(text) {
      BOOST_TEST(can_hold_names(text));
    }
}

BOOST_AUTO_TEST_CASE(texts_that_cannot) {
  for (const auto* text : {"",
                           " ",
                           "INFO auth login ok user=mail ip=host session=id",
                           "GET /v2/items/242 200 24ms",
                           "ERROR db connection reset, retry 24 of 12, query id",
                           "Connection reset by peer",
                           "AuthService started in 242 ms",
                           "OrderService retry_count=4",
                           "Failed to open file",
                           "evicted 2424 entries, version 3.24.1, shard 24",
                           "job id finished in 2424 ms on node-24",
                           "WARN firewall blocked host -> host after 24 attempts",
                           "The server is ready.",
                           "x",
                           "X 9",
                           "2424 2424",
                           "...",
                           "user_name",
                           "24 attempts",
                           "2424-24-24",
                           "24-24",
                           "242-242"})
    BOOST_TEST_CONTEXT(text) {
      BOOST_TEST(!can_hold_names(text));
    }
}

/// A name in the list of ordinary words would never be read by a model.
BOOST_AUTO_TEST_CASE(given_names_are_no_ordinary_words) {
  for (const auto* name :
       {"Alice", "Robert",  "Maria",  "John",   "Grace",  "Mark",  "Will",  "Rose",   "Frank",
        "Jack",  "Oscar",   "Victor", "Daniel", "Sofia",  "Peter", "Paul",  "May",    "April",
        "June",  "Joy",     "Hope",   "Faith",  "Ruby",   "Amber", "Dawn",  "Olive",  "Heather",
        "Smith", "Johnson", "Brown",  "Taylor", "Walker", "Kim",   "Young", "Carter", "Baker"})
    BOOST_TEST_CONTEXT(name) {
      BOOST_TEST(!is_common_word(name));
    }
  for (const auto* word : {"error", "Connection", "INFO", "the", "timeout", "Monday", "a"})
    BOOST_TEST_CONTEXT(word) {
      BOOST_TEST(is_common_word(word));
    }
  BOOST_TEST(!is_common_word(""));
  BOOST_TEST(!is_common_word(std::string(100, 'a')));
}

BOOST_AUTO_TEST_CASE(words_are_read_with_their_shapes) {
  word_reader words{"-12 O'Brien's AuthService x_1 Ärzte 中"};
  const auto number = words.next();
  BOOST_REQUIRE(number);
  BOOST_TEST((number->only_digits && number->follows_hyphen && number->start == 1));
  const auto name = words.next();
  BOOST_TEST(name->text == "O'Brien's");
  BOOST_TEST((name->starts_upper && !name->is_identifier));
  BOOST_TEST(words.next()->is_identifier);
  BOOST_TEST(words.next()->is_identifier);
  BOOST_TEST(words.next()->starts_upper);
  BOOST_TEST(words.next()->is_caseless);
  BOOST_TEST(!words.next());
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe::pii
