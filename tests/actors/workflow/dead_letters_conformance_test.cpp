#include "actors/workflow/errors.hpp"
#include "tests/actors/workflow/letters.hpp"
#include "tests/actors/workflow/store_place.hpp"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <string>

using namespace troupe;
using namespace troupe::test;

/// Dead letters, in every store that there is.
BOOST_AUTO_TEST_SUITE(workflow_dead_letters_conformance)

namespace {

struct letters_of : letters {
  explicit letters_of(store_kind kind) : place(make_place(kind)) { store = place->letters(3); }

  std::unique_ptr<store_place> place;
};

} // namespace

BOOST_DATA_TEST_CASE(what_was_put_away_is_found_as_it_was,
                     boost::unit_test::data::make(store_kinds), kind) {
  const letters_of of{kind};
  const auto put = letter_of("a", 1'700'000'000);
  of.append(put);
  const auto found = must(of.place->letters(3)->find("a")); // another one on the same file
  BOOST_REQUIRE(found.has_value());
  BOOST_TEST(found->id == put.id);
  BOOST_TEST((found->time == put.time));
  BOOST_TEST((found->target == put.target));
  BOOST_TEST((found->payload == put.payload));
  BOOST_TEST(found->size_bytes == 4U);
  BOOST_TEST(found->idempotency_key == put.idempotency_key);
  BOOST_TEST(found->why.type == put.why.type);
  BOOST_TEST(found->why.message == put.why.message);
  BOOST_TEST(found->why.retryable);
  BOOST_TEST(found->attempts == 3U);
  BOOST_TEST((found->state == dead_letter_state::waiting));
  BOOST_TEST(!must(of.store->find("b")).has_value());
}

BOOST_DATA_TEST_CASE(they_are_listed_newest_first_without_their_payloads,
                     boost::unit_test::data::make(store_kinds), kind) {
  const letters_of of{kind};
  of.append(letter_of("b", 2));
  of.append(letter_of("a", 1));
  of.append(letter_of("c", 3));
  BOOST_TEST(of.ids() == "cba");
  BOOST_TEST(of.ids({.limit = 1}) == "c");
  const auto listed = must(of.store->list({}));
  BOOST_TEST(listed.at(0).payload.bytes.empty());
  BOOST_TEST(listed.at(0).size_bytes == 4U);
}

BOOST_DATA_TEST_CASE(they_are_bounded_and_replayed_ones_go_first,
                     boost::unit_test::data::make(store_kinds), kind) {
  const letters_of of{kind};
  for (int i = 0; i < 3; ++i)
    of.append(letter_of(std::string(1, static_cast<char>('a' + i)), i));
  BOOST_TEST(must(of.store->mark_replayed("b")));
  BOOST_TEST(!must(of.store->mark_replayed("x")));
  BOOST_TEST(of.ids({.state = dead_letter_state::replayed}) == "b");
  BOOST_TEST(of.ids({.state = dead_letter_state::waiting}) == "ca");
  of.append(letter_of("d", 3));
  BOOST_TEST(of.ids() == "dca");
  of.append(letter_of("e", 4));
  BOOST_TEST(of.ids() == "edc");
  BOOST_TEST(must(of.store->remove("d")));
  BOOST_TEST(!must(of.store->remove("d")));
  BOOST_TEST(of.ids() == "ec");
}

BOOST_DATA_TEST_CASE(they_live_in_the_store_of_the_runs_while_it_is_open,
                     boost::unit_test::data::make(store_kinds), kind) {
  const letters_of of{kind};
  const auto runs = must(of.place->open());
  of.append(letter_of("a"));
  BOOST_TEST(of.ids() == "a");
  BOOST_TEST(must(runs->list({})).empty());
}

BOOST_DATA_TEST_CASE(damage_is_seen_and_named, boost::unit_test::data::make(store_kinds), kind) {
  const letters_of of{kind};
  of.append(letter_of("a"));
  of.place->execute("UPDATE dead_letters SET attempts = attempts + 1");
  const auto found = of.store->find("a");
  BOOST_REQUIRE(!found);
  BOOST_TEST((found.error().code == make_error_code(workflow_errc::store_damaged)));
  BOOST_TEST(found.error().context.find("dead letter a") != std::string::npos);
  BOOST_TEST(must(of.store->remove("a")), "what is damaged can be discarded");
}

BOOST_DATA_TEST_CASE(a_letter_of_the_same_id_takes_the_place_of_the_first,
                     boost::unit_test::data::make(store_kinds), kind) {
  const letters_of of{kind};
  of.append(letter_of("a", 1));
  of.append(letter_of("b", 2));
  auto again = letter_of("a", 3);
  again.attempts = 7;
  of.append(again);
  BOOST_TEST(of.ids() == "ab");
  BOOST_TEST(must(of.store->find("a"))->attempts == 7U);
}

BOOST_DATA_TEST_CASE(a_store_that_is_not_there_is_not_made_by_reading,
                     boost::unit_test::data::make(store_kinds), kind) {
  const letters_of of{kind};
  const auto unavailable = make_error_code(workflow_errc::store_unavailable);
  BOOST_TEST((of.store->list({}).error().code == unavailable));
  BOOST_TEST((of.store->find("a").error().code == unavailable));
  BOOST_TEST((of.store->remove("a").error().code == unavailable));
  of.append(letter_of("a"));
  BOOST_TEST(of.ids() == "a");
}

BOOST_AUTO_TEST_SUITE_END()
