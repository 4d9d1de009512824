#include "actors/pii/span_repair.hpp"

#include "actors/pii/finder.hpp"

#include <boost/test/unit_test.hpp>
#include <string>
#include <vector>

namespace troupe::pii {
namespace {

using agents::pii_source;

/// A span of the model over the first place of `part`.
pii_span span_of(const std::string& line, std::string label, const std::string& part) {
  const auto at = line.find(part);
  return {std::move(label), {at, at + part.size()}, 0.9, pii_source::model};
}

std::string settled(const std::string& line, std::vector<pii_span> rules,
                    std::vector<pii_span> by_model) {
  std::string out;
  for (const auto& span : settle(line, std::move(rules), std::move(by_model), {}))
    out +=
        span.label + ":" + line.substr(span.bytes.start, span.bytes.end - span.bytes.start) + "|";
  return out;
}

BOOST_AUTO_TEST_SUITE(pii_span_repair)

BOOST_AUTO_TEST_CASE(names_are_widened) {
  const std::string line = "opened by T. Duarte and Nkechi Young for Rahul B. Pena today";
  BOOST_TEST(settled(line, {},
                     {span_of(line, "SURNAME", "Duarte"), span_of(line, "GIVEN_NAME", "Nkechi"),
                      span_of(line, "GIVEN_NAME", "Rahul"), span_of(line, "SURNAME", "Pena")}) ==
             "SURNAME:T. Duarte|GIVEN_NAME:Nkechi Young|GIVEN_NAME:Rahul|SURNAME:B. Pena|");
}

BOOST_AUTO_TEST_CASE(initials_of_a_family_name_taken_for_a_town) {
  const std::string line = "opened by S. Holmberg, at N. Elm Street";
  BOOST_TEST(
      settled(line, {},
              {span_of(line, "CITY", "Holmberg"), span_of(line, "STREET_NAME", "Elm Street")}) ==
      "CITY:S. Holmberg|STREET_NAME:N. Elm Street|");
}

BOOST_AUTO_TEST_CASE(impossible_values_stay) {
  const std::string line = "INFO order 24242 of room 7";
  BOOST_TEST(settled(line, {},
                     {span_of(line, "EMAIL", "INFO"), span_of(line, "ZIP_CODE", "24242"),
                      span_of(line, "PASSPORT", "order"), span_of(line, "PHONE", "7"),
                      span_of(line, "SECONDARY_ADDRESS", "room")}) == "");
  const std::string zip = "zip 24242";
  BOOST_TEST(settled(zip, {}, {span_of(zip, "ZIP_CODE", "24242")}) == "ZIP_CODE:24242|");
  const std::string town = "24242 Leeds";
  BOOST_TEST(
      settled(town, {}, {span_of(town, "ZIP_CODE", "24242"), span_of(town, "CITY", "Leeds")}) ==
      "ZIP_CODE:24242|CITY:Leeds|");
}

BOOST_AUTO_TEST_CASE(states_between_town_and_code) {
  const std::string line = "to Portland, OR 97205 now";
  BOOST_TEST(
      settled(line, {}, {span_of(line, "CITY", "Portland"), span_of(line, "ZIP_CODE", "97205")}) ==
      "CITY:Portland|STATE:OR|ZIP_CODE:97205|");
}

BOOST_AUTO_TEST_CASE(neighbours_of_one_label_become_one) {
  const std::string line = "Anna Maria van der Berg";
  BOOST_TEST(settled(line, {},
                     {span_of(line, "GIVEN_NAME", "Anna"), span_of(line, "GIVEN_NAME", "Maria"),
                      span_of(line, "SURNAME", "van"), span_of(line, "SURNAME", "der"),
                      span_of(line, "SURNAME", "Berg")}) ==
             "GIVEN_NAME:Anna Maria|SURNAME:van der Berg|");
}

/// Number with check digits, rule, model, context.
BOOST_AUTO_TEST_CASE(precedence) {
  const std::string line = "abcdefghij";
  const pii_span number{"IBAN", {2, 4}, 1.0, pii_source::rule};
  const pii_span rule{"URL", {1, 6}, 1.0, pii_source::rule};
  const pii_span model{"CITY", {0, 8}, 1.0, pii_source::model};
  const pii_span context{"NAME", {0, 10}, 1.0, pii_source::context};
  BOOST_TEST(settled(line, {context, rule, number}, {model}) ==
             "CITY:a|URL:b|IBAN:cd|URL:ef|CITY:ghij|");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe::pii
