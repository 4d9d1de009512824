#include "tests/actors/workflow/support.hpp"

#include <rapidcheck.h>

using namespace troupe;
using namespace troupe::test;

BOOST_AUTO_TEST_SUITE(workflow_definition_properties)

namespace {

/// The main job with a few bytes removed, doubled or replaced by ones that mean something in YAML.
std::string damaged_main_job() {
  static const std::string marks = "{}[]:,&*!|>'\"%@`#?-~$.\n\t \\\xff\x01"
                                   "0a";
  std::string text = main_job;
  const int changes = *rc::gen::inRange(1, 8);
  for (int i = 0; i < changes; ++i) {
    const auto at = *rc::gen::inRange<std::size_t>(0, text.size());
    switch (*rc::gen::inRange(0, 3)) {
    case 0:
      text.erase(at, *rc::gen::inRange<std::size_t>(1, 40));
      break;
    case 1:
      text.insert(at, text.substr(at, *rc::gen::inRange<std::size_t>(1, 40)));
      break;
    default:
      text[at] = *rc::gen::elementOf(marks);
    }
    if (text.empty()) return text;
  }
  return text;
}

} // namespace

BOOST_AUTO_TEST_CASE(whatever_the_text_there_is_a_definition_or_a_place) {
  const known_agents agents;
  BOOST_TEST(rc::check("a damaged file loads, or each mistake has a line and a text", [&] {
    const auto loaded = load_definition(damaged_main_job(), "w.yaml", agents);
    if (loaded) {
      RC_ASSERT(compile_definition((*loaded)->source, nullptr).has_value());
      return;
    }
    RC_ASSERT(!loaded.error().empty());
    for (const diagnostic& each : loaded.error()) {
      RC_ASSERT(each.where.line > 0U);
      RC_ASSERT(each.where.column > 0U);
      RC_ASSERT(!each.message.empty());
    }
  }));
}

BOOST_AUTO_TEST_SUITE_END()
