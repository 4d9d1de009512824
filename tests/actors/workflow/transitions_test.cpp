#include "actors/workflow/transitions.hpp"

#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

namespace troupe::workflow {
namespace {

constexpr const char* page = TROUPE_SOURCE_DIR "/docs/state_machines.md";
constexpr const char* mark = "<!-- diagrams: written by tools/diagrams, do not edit -->\n\n";

BOOST_AUTO_TEST_SUITE(transitions)

BOOST_AUTO_TEST_CASE(no_transition_is_there_twice_and_ends_stay_ends) {
  const auto all = instance_transitions();
  for (std::size_t i = 0; i < all.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j)
      BOOST_TEST((all[i] != all[j]));
    BOOST_TEST((all[i].from != instance_status::completed));
    BOOST_TEST((all[i].from != instance_status::skipped));
  }
}

/// With TROUPE_WRITE_DIAGRAMS set the page is written instead (tools/diagrams).
BOOST_AUTO_TEST_CASE(the_page_shows_the_tables) {
  std::ostringstream read;
  read << std::ifstream{page}.rdbuf();
  const std::string text = read.str();
  const auto at = text.find(mark);
  BOOST_REQUIRE(at != std::string::npos);
  const std::string wanted = text.substr(0, at) + mark + state_diagrams();
  if (std::getenv("TROUPE_WRITE_DIAGRAMS")) {
    std::ofstream{page} << wanted;
    return;
  }
  BOOST_TEST((text == wanted),
             "docs/state_machines.md is not what the tables say; run tools/diagrams");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe::workflow
