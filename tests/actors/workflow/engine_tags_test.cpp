// What a run is called by whoever submits it.
#include "actors/workflow/run_tag_check.hpp"
#include "tests/actors/workflow/engine_harness.hpp"

using namespace troupe;
using namespace troupe::test;

BOOST_AUTO_TEST_SUITE(workflow_engine_tags)

namespace {

result<void> submit(engine_harness& to, const std::string& run, const run_tags& tags) {
  result<void> outcome = troupe::fail(workflow_errc::none, "not told");
  submit_options wanted;
  wanted.run_id = run;
  wanted.tags = tags;
  to.core->submit(lone_step(""), {}, wanted, [&](result<void> done) { outcome = std::move(done); });
  to.core->commit();
  return outcome;
}

std::size_t found(engine_harness& in, const run_tags& tags) {
  run_filter filter;
  filter.tags = tags;
  return must(in.core->list(filter)).size();
}

} // namespace

BOOST_FIXTURE_TEST_CASE(a_run_is_found_by_its_tags, engine_fixture) {
  engine_harness engine{open()};
  const run_tags tags{{"tenant", "acme"}, {"day", "1"}};
  must(submit(engine, "one", tags));
  must(submit(engine, "two", {{"tenant", "acme"}}));
  must(submit(engine, "three", {}));
  engine.go_on();
  BOOST_TEST(found(engine, {{"tenant", "acme"}}) == 2u);
  BOOST_TEST(found(engine, tags) == 1u);
  BOOST_TEST(found(engine, {{"tenant", "other"}}) == 0u);
  const auto summary = engine.summary("one");
  BOOST_REQUIRE(summary.tags_size() == 2);
  BOOST_TEST(summary.tags(0).key() == "day");
  BOOST_TEST(summary.tags(0).value() == "1");
}

BOOST_FIXTURE_TEST_CASE(the_same_run_has_the_same_tags, engine_fixture) {
  engine_harness engine{open()};
  must(submit(engine, "one", {{"k", "v"}}));
  BOOST_TEST(submit(engine, "one", {{"k", "v"}}).has_value());
  const auto refused = submit(engine, "one", {{"k", "w"}});
  BOOST_REQUIRE(!refused);
  BOOST_TEST((refused.error().code == workflow_errc::run_exists));
}

BOOST_FIXTURE_TEST_CASE(tags_that_are_none_are_refused, engine_fixture) {
  engine_harness engine{open()};
  run_tags many;
  for (int i = 0; i < 33; ++i)
    many.emplace("k" + std::to_string(i), "v");
  for (const run_tags& wrong :
       {many, run_tags{{"", "v"}}, run_tags{{"a b", "v"}}, run_tags{{std::string(65, 'k'), "v"}},
        run_tags{{"k", std::string(257, 'v')}}, run_tags{{"k", "\xff"}}, run_tags{{"k", "a\nb"}}}) {
    const auto refused = submit(engine, "one", wrong);
    BOOST_REQUIRE(!refused);
    BOOST_TEST((refused.error().code == workflow_errc::bad_input), refused.error().message());
  }
  BOOST_TEST(found(engine, {}) == 0u);
}

BOOST_AUTO_TEST_CASE(tags_as_people_write_them) {
  run_tags made;
  must(add_tag("a/b.c-d_1=x=y", made));
  must(add_tag("empty=", made));
  must(add_tag("empty=", made));
  BOOST_TEST(made.at("a/b.c-d_1") == "x=y");
  BOOST_TEST(made.at("empty").empty());
  for (const char* wrong : {"", "a", "=v", "empty=other", "a b=v"})
    BOOST_TEST(!add_tag(wrong, made), wrong);
}

BOOST_AUTO_TEST_SUITE_END()
