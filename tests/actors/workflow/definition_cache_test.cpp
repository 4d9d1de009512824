#include "actors/workflow/definition_cache.hpp"
#include "tests/actors/workflow/support.hpp"

using namespace troupe;
using namespace troupe::test;

BOOST_AUTO_TEST_SUITE(workflow_definition_cache)

namespace {

v1::WorkflowDefinition nap(int seconds) {
  v1::WorkflowDefinition made;
  made.set_name("nap");
  made.set_version("1");
  v1::StepDefinition& step = *made.add_steps();
  step.set_id("nap");
  step.mutable_wait()->set_seconds(seconds);
  return made;
}

} // namespace

BOOST_AUTO_TEST_CASE(equal_definitions_are_one) {
  definition_cache cache;
  const auto first = cache.compile(nap(1)), again = cache.compile(nap(1)),
             other = cache.compile(nap(2));
  BOOST_REQUIRE((first && again && other));
  BOOST_TEST(first->get() == again->get());
  BOOST_TEST(first->get() != other->get());
}

BOOST_AUTO_TEST_CASE(what_nobody_uses_goes) {
  definition_cache cache;
  std::weak_ptr<const definition> gone = *cache.compile(nap(1));
  BOOST_TEST(gone.expired());
  for (int i = 0; i < 1'000; ++i)
    BOOST_REQUIRE(cache.compile(nap(i + 1)).has_value());
}

BOOST_AUTO_TEST_CASE(a_bad_one_is_refused_each_time) {
  definition_cache cache;
  for (int i = 0; i < 2; ++i)
    BOOST_TEST(!cache.compile(v1::WorkflowDefinition{}));
}

BOOST_AUTO_TEST_SUITE_END()
